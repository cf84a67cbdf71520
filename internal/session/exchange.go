package session

import (
	"io"

	"google.golang.org/grpc"
)

// Exchange is a client's use of one stream.
type Exchange[Request, Reply any] struct {
	Stream grpc.BidiStreamingClient[Request, Reply]
	// Cancel ends the stream.
	Cancel func()
	// Ready tells when Next may have a message; Next has none when it is nil.
	Ready <-chan struct{}
	Next  func() *Request
	// Unsent is told that the last message of Next could not be sent; nil is fine.
	Unsent func()
	// Heard gets the replies, one after the other.
	Heard func(*Reply)
	// Closing is closed when the stream is to end once all is sent; nil is never.
	Closing <-chan struct{}
}

// Run sends and receives until the stream has ended, and tells why: io.EOF if the
// other side ended it well.
func (x *Exchange[Request, Reply]) Run() error {
	ended := make(chan error, 1)
	go func() { ended <- x.receive() }()
	for closing := x.Closing; ; {
		select {
		case <-x.Ready:
			Gather()
		case <-closing:
			closing = nil
		case err := <-ended:
			return err
		}
		if err := x.send(); err != nil {
			if err != io.EOF {
				x.Cancel()
			}
			if why := <-ended; err == io.EOF { // which stands for what the receiver is told
				return why
			}
			return err
		}
		if x.Closing != nil && closing == nil {
			_ = x.Stream.CloseSend()
			return <-ended
		}
	}
}

// send sends what there is.
func (x *Exchange[Request, Reply]) send() error {
	for {
		request := x.Next()
		if request == nil {
			return nil
		}
		if err := x.Stream.Send(request); err != nil {
			if x.Unsent != nil {
				x.Unsent()
			}
			return err
		}
	}
}

func (x *Exchange[Request, Reply]) receive() error {
	for {
		reply, err := x.Stream.Recv()
		if err != nil {
			return err
		}
		x.Heard(reply)
	}
}
