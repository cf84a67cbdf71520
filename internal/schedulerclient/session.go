package schedulerclient

import (
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	sessions "github.com/minifaas/minifaas/internal/session"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

// Bounds of one message: of its calls, and, in bytes, of the error message of a return,
// which alone can be large: 256 of them fit into the 4 MiB that any server takes.
const (
	mostCalls     = 256
	mostErrorText = 8 << 10
)

// errNoSession: the scheduler does not know Session, and has got none of the calls.
var errNoSession = errors.New("the scheduler has no Session")

// session sends acquires and returns over one stream at a time. When that breaks, it
// opens the next one, and sends again what the scheduler has not answered: an acquire
// is granted once by its id, a return takes effect once.
type session struct {
	scheduler schedulerpb.SchedulerClient
	acquires  *sessions.Calls[*schedulerpb.AcquireContainerRequest, answer]
	// life ends with closeNow, closing with close: what is owed then is still sent.
	life     context.Context
	closeNow context.CancelFunc
	closing  chan struct{}

	mu sync.Mutex // guards what follows
	// over: there is no session, and will be none.
	over bool
	// owed are the returns that the scheduler has not confirmed. The first ones of
	// them, as many as sent, are on their way in this stream, after the confirmed.
	owed      []owed
	sent      int
	confirmed uint64
}

type answer struct {
	granted *schedulerpb.AcquireContainerReply
	err     error
}

type owed struct {
	function string
	request  *schedulerpb.ReturnContainerRequest
}

func newSession(scheduler schedulerpb.SchedulerClient) *session {
	s := &session{
		scheduler: scheduler, closing: make(chan struct{}),
		acquires: sessions.NewCalls[*schedulerpb.AcquireContainerRequest, answer](),
	}
	s.acquires.Late = s.unwanted
	s.life, s.closeNow = context.WithCancel(context.Background())
	return s
}

func (s *session) acquire(ctx context.Context, request *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error) {
	a, err := s.acquires.Do(ctx, request)
	if err != nil {
		return nil, status.FromContextError(err).Err()
	}
	return a.granted, a.err
}

// unwanted returns what was granted to a caller that had left: nothing ran in it.
func (s *session) unwanted(request *schedulerpb.AcquireContainerRequest, a answer) {
	if a.granted == nil {
		return
	}
	s.giveBack(request.GetFunctionName(), &schedulerpb.ReturnContainerRequest{
		RequestId: request.GetRequestId(), ContainerId: a.granted.GetContainerId(), ErrorCode: "Canceled",
		MaxMemoryUsageInBytes: request.GetFunctionConfig().GetMemoryInBytes(),
	})
}

// giveBack queues a return; false: there is no session.
func (s *session) giveBack(function string, request *schedulerpb.ReturnContainerRequest) bool {
	if len(request.GetErrorMessage()) > mostErrorText {
		request.ErrorMessage = strings.ToValidUTF8(request.ErrorMessage[:mostErrorText], "")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return false
	}
	s.owed = append(s.owed, owed{function, request})
	s.acquires.Wake()
	return true
}

// run opens one stream after the other until close, or until the scheduler turns out
// to have no sessions: then it returns false.
func (s *session) run() (known bool) {
	for attempt := 0; ; attempt++ {
		select {
		case <-s.acquires.Ready():
		case <-s.closing:
		}
		if s.isClosing() && !s.owes() { // whichever was chosen: both may be ready
			return true
		}
		if attempt > 0 {
			pause(s.life, min(attempt, attempts))
		}
		heard, err := s.stream()
		switch code := status.Code(err); {
		case code == codes.Unimplemented:
			return false
		case s.life.Err() != nil:
			return true
		case err != io.EOF && code != codes.Unavailable:
			// Not for the next stream to mend.
			s.acquires.Fail(answer{err: err})
		}
		if heard {
			// A pause all the same: a scheduler that lives must have ended the old session
			// before it hears of the same calls again.
			attempt = 0
		}
		if s.acquires.Resend(); s.owes() {
			s.acquires.Wake()
		}
	}
}

func (s *session) isClosing() bool {
	select {
	case <-s.closing:
		return true
	default:
		return false
	}
}

func (s *session) owes() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.owed) > 0
}

// stream opens a stream, sends all that is there to send, and tells why the stream
// has ended and whether anything was heard on it.
func (s *session) stream() (heard bool, err error) {
	ctx, cancel := context.WithCancel(s.life)
	defer cancel()
	stream, err := s.scheduler.Session(ctx, grpc.WaitForReady(true))
	if err != nil {
		return false, err
	}
	s.mu.Lock()
	s.sent, s.confirmed = 0, 0
	s.mu.Unlock()
	s.acquires.Wake() // run has taken the signal
	exchange := sessions.Exchange[schedulerpb.SessionRequest, schedulerpb.SessionReply]{
		Stream: stream, Cancel: cancel, Ready: s.acquires.Ready(), Next: s.next, Closing: s.closing,
		Heard: func(reply *schedulerpb.SessionReply) {
			heard = true
			s.hear(reply)
		},
	}
	err = exchange.Run()
	if err == io.EOF { // it has ended well, and so has taken all
		s.confirm(math.MaxUint64)
	}
	return heard, err
}

// next is the next message; nil if there is nothing to send. An acquire goes no
// earlier than the returns that came before it.
func (s *session) next() *schedulerpb.SessionRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	request := &schedulerpb.SessionRequest{}
	for ; s.sent < len(s.owed) && len(request.Returns) < mostCalls; s.sent++ {
		request.Returns = append(request.Returns, s.owed[s.sent].request)
	}
	if s.sent < len(s.owed) {
		return request
	}
	calls, left := s.acquires.Take(mostCalls)
	for _, c := range calls {
		a := &schedulerpb.SessionAcquire{Id: c.ID, Request: c.Request}
		if deadline, ok := c.Ctx.Deadline(); ok {
			a.TimeoutInNanos = int64(max(1, time.Until(deadline)))
		}
		request.Acquires = append(request.Acquires, a)
	}
	request.Cancels = left
	if len(request.GetReturns())+len(request.GetAcquires())+len(request.GetCancels()) == 0 {
		return nil
	}
	return request
}

func (s *session) hear(reply *schedulerpb.SessionReply) {
	s.confirm(reply.GetReturned())
	for _, a := range reply.GetAnswers() {
		s.acquires.Answer(a.GetId(), answered(a))
	}
}

// confirm forgets the oldest returns: so many of this stream have been taken.
func (s *session) confirm(returned uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := min(max(returned, s.confirmed)-s.confirmed, uint64(s.sent))
	s.owed = slices.Delete(s.owed, 0, int(taken))
	s.sent -= int(taken)
	s.confirmed += taken
}

func answered(a *schedulerpb.SessionAnswer) answer {
	if e := a.GetError(); e != nil {
		return answer{err: status.ErrorProto(&spb.Status{Code: e.GetCode(), Message: e.GetMessage(), Details: e.GetDetails()})}
	}
	if a.GetGranted() == nil {
		return answer{err: status.Error(codes.Internal, "the scheduler's answer is empty")}
	}
	return answer{granted: a.GetGranted()}
}

// giveUp says that there is no session, and takes what is owed.
func (s *session) giveUp() []owed {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	left := s.owed
	s.owed = nil
	return left
}

// close lets run end once what is owed has arrived, or can't within a few seconds.
func (s *session) close() {
	close(s.closing)
	time.AfterFunc(returnTimeout, s.closeNow)
}
