package wire

import (
	"golang.org/x/net/context"
	"google.golang.org/grpc"
)

// SchedulerServer is the service that a scheduler of the contest implements.
type SchedulerServer interface {
	AcquireContainer(context.Context, *AcquireContainerRequest) (*AcquireContainerReply, error)
	ReturnContainer(context.Context, *ReturnContainerRequest) (*ReturnContainerReply, error)
}

// RegisterSchedulerServer adds the service to a server.
func RegisterSchedulerServer(s *grpc.Server, srv SchedulerServer) {
	s.RegisterService(&schedulerService, srv)
}

var schedulerService = grpc.ServiceDesc{
	ServiceName: "schedulerproto.Scheduler",
	HandlerType: (*SchedulerServer)(nil),
	Methods: []grpc.MethodDesc{
		{MethodName: "AcquireContainer", Handler: acquireHandler},
		{MethodName: "ReturnContainer", Handler: returnHandler},
	},
}

// The contest's programs had no interceptors; these handlers leave them out.

func acquireHandler(srv interface{}, ctx context.Context, decode func(interface{}) error, _ grpc.UnaryServerInterceptor) (interface{}, error) {
	in := new(AcquireContainerRequest)
	if err := decode(in); err != nil {
		return nil, err
	}
	return srv.(SchedulerServer).AcquireContainer(ctx, in)
}

func returnHandler(srv interface{}, ctx context.Context, decode func(interface{}) error, _ grpc.UnaryServerInterceptor) (interface{}, error) {
	in := new(ReturnContainerRequest)
	if err := decode(in); err != nil {
		return nil, err
	}
	return srv.(SchedulerServer).ReturnContainer(ctx, in)
}

// Client calls the contract's services; one connection reaches one of them.
type Client struct{ Conn *grpc.ClientConn }

func (c Client) InvokeFunction(ctx context.Context, in *InvokeFunctionRequest) (*InvokeFunctionReply, error) {
	out := new(InvokeFunctionReply)
	return out, grpc.Invoke(ctx, "/apiserverproto.APIServer/InvokeFunction", in, out, c.Conn)
}

func (c Client) ListFunctions(ctx context.Context, in *ListFunctionsRequest) (*ListFunctionsReply, error) {
	out := new(ListFunctionsReply)
	return out, grpc.Invoke(ctx, "/apiserverproto.APIServer/ListFunctions", in, out, c.Conn)
}

func (c Client) AcquireContainer(ctx context.Context, in *AcquireContainerRequest) (*AcquireContainerReply, error) {
	out := new(AcquireContainerReply)
	return out, grpc.Invoke(ctx, "/schedulerproto.Scheduler/AcquireContainer", in, out, c.Conn)
}

func (c Client) ReturnContainer(ctx context.Context, in *ReturnContainerRequest) (*ReturnContainerReply, error) {
	out := new(ReturnContainerReply)
	return out, grpc.Invoke(ctx, "/schedulerproto.Scheduler/ReturnContainer", in, out, c.Conn)
}

func (c Client) ReserveNode(ctx context.Context, in *ReserveNodeRequest) (*ReserveNodeReply, error) {
	out := new(ReserveNodeReply)
	return out, grpc.Invoke(ctx, "/resourcemanagerproto.ResourceManager/ReserveNode", in, out, c.Conn)
}

// The node's package is misspelt on the wire, and always was.

func (c Client) CreateContainer(ctx context.Context, in *CreateContainerRequest) (*CreateContainerReply, error) {
	out := new(CreateContainerReply)
	return out, grpc.Invoke(ctx, "/nodeservoceproto.NodeService/CreateContainer", in, out, c.Conn)
}

func (c Client) RemoveContainer(ctx context.Context, in *RemoveContainerRequest) (*RemoveContainerReply, error) {
	out := new(RemoveContainerReply)
	return out, grpc.Invoke(ctx, "/nodeservoceproto.NodeService/RemoveContainer", in, out, c.Conn)
}

func (c Client) GetStats(ctx context.Context, in *GetStatsRequest) (*GetStatsReply, error) {
	out := new(GetStatsReply)
	return out, grpc.Invoke(ctx, "/nodeservoceproto.NodeService/GetStats", in, out, c.Conn)
}
