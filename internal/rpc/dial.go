package rpc

import (
	"net"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

// A peer that answers no ping for keepaliveTime + keepaliveTimeout is dead:
// calls to it fail instead of hanging.
const (
	keepaliveTime    = 10 * time.Second
	keepaliveTimeout = 5 * time.Second
)

// Dial makes a connection to host:port, or to unix:@name: see ListenAbstract. It connects
// with the first call, and again within a second when the other side was restarted.
func Dial(target string) (*grpc.ClientConn, error) { return connect(target, 2*time.Second) }

// DialPatiently is for whoever has nobody else to ask: it gives a busy machine more time to
// answer. A port at which nobody listens refuses at once all the same.
func DialPatiently(target string) (*grpc.ClientConn, error) { return connect(target, 20*time.Second) }

func connect(target string, patience time.Duration) (*grpc.ClientConn, error) {
	if name, ok := strings.CutPrefix(target, "unix:@"); ok {
		target = "unix-abstract:" + name
	} else {
		target = "passthrough:///" + target
	}
	return grpc.NewClient(target,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		// The services are this platform's own: no business of an environment's proxy.
		grpc.WithNoProxy(),
		grpc.WithContextDialer(connectTo),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 500 * time.Millisecond},
			MinConnectTimeout: patience,
		}),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: keepaliveTime, Timeout: keepaliveTimeout}),
		grpc.WithInitialWindowSize(window),
		grpc.WithInitialConnWindowSize(window),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(MaxMessage), grpc.MaxCallSendMsgSize(MaxMessage)),
		// Once an idle connection is closed, the next call pays for a new one.
		grpc.WithIdleTimeout(0),
	)
}

// HostPort joins an address and a port as the protos carry them.
func HostPort(address string, port int64) string {
	return net.JoinHostPort(address, strconv.FormatInt(port, 10))
}
