package session

import "google.golang.org/grpc"

// Receive reads a stream for its handler, one message ahead, until the stream ends,
// as it does when the handler returns. A handler that is busy is not read for.
func Receive[Request, Reply any](stream grpc.BidiStreamingServer[Request, Reply]) (<-chan *Request, <-chan error) {
	requests, ended := make(chan *Request), make(chan error, 1)
	go func() {
		for {
			request, err := stream.Recv()
			if err != nil {
				ended <- err
				return
			}
			select {
			case requests <- request:
			case <-stream.Context().Done():
				return
			}
		}
	}()
	return requests, ended
}
