package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
)

// explain turns a failed call into what its maker should know.
func explain(err error, conn *grpc.ClientConn) error {
	s, target := status.Convert(err), strings.TrimPrefix(conn.Target(), "passthrough:///")
	switch s.Code() {
	case codes.Unavailable:
		if strings.Contains(s.Message(), "looked like an HTTP/1.1 header") { // gRPC's words
			return fmt.Errorf("at %s is a server of HTTP, such as that of metrics, and this command talks gRPC: give another --endpoint, or only the platform's --port-base", target)
		}
		return fmt.Errorf("no answer from %s: %s; is minifaas up running there?", target, s.Message())
	case codes.Unimplemented:
		wanted, unknown := strings.CutPrefix(s.Message(), "unknown service ")
		if there := servicesAt(conn); unknown && len(there) > 0 {
			return fmt.Errorf("at %s is the %s, and this command talks to the %s: give that one's --endpoint, or only the platform's --port-base",
				target, strings.Join(there, ", "), serviceName(wanted))
		}
	}
	return fmt.Errorf("%s: %s", s.Code(), s.Message())
}

// servicesAt are the names of the services behind a connection; none if it does not tell.
func servicesAt(conn *grpc.ClientConn) []string {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	stream, err := reflectionpb.NewServerReflectionClient(conn).ServerReflectionInfo(ctx)
	if err != nil {
		return nil
	}
	// An error of Send is that of Recv.
	_ = stream.Send(&reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}})
	reply, err := stream.Recv()
	if err != nil {
		return nil
	}
	var names []string
	for _, service := range reply.GetListServicesResponse().GetService() {
		if !strings.HasPrefix(service.GetName(), "grpc.") { // what every server has
			names = append(names, serviceName(service.GetName()))
		}
	}
	return names
}

// serviceName is a service's name as people say it, without its package.
func serviceName(full string) string { return full[strings.LastIndex(full, ".")+1:] }
