package linux

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// maxMessage bounds an event and what an agent may send us at once; the agent has the same limit.
const maxMessage = 8 << 20

// buffer is what is read or written at once. It stays for as long as the container
// lives, which is idle mostly; what is larger goes past it.
const buffer = 4 << 10

// connect speaks gRPC over the one connection there is. It never dials again:
// when the connection ends, so has the sandbox.
func connect(conn net.Conn) (*grpc.ClientConn, error) {
	var once sync.Once
	client, err := grpc.NewClient("passthrough:///sandbox",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) {
			var first net.Conn
			once.Do(func() { first = conn })
			if first == nil {
				return nil, errors.New("sandbox is gone")
			}
			return first, nil
		}),
		grpc.WithReadBufferSize(buffer),
		grpc.WithWriteBufferSize(buffer),
		grpc.WithNoProxy(),
		grpc.WithDisableServiceConfig(),
		grpc.WithIdleTimeout(0), // an idle container stays connected
		// No keepalive: a frozen agent answers no pings, and one that dies closes the socket.
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)),
	)
	if err != nil {
		return nil, fmt.Errorf("connect to agent: %w", err)
	}
	return client, nil
}
