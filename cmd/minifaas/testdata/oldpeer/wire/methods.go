package wire

import "github.com/golang/protobuf/proto"

// What the runtime of 2016 asks of a message.

func (m *InvokeFunctionRequest) Reset()         { *m = InvokeFunctionRequest{} }
func (m *InvokeFunctionRequest) String() string { return proto.CompactTextString(m) }
func (*InvokeFunctionRequest) ProtoMessage()    {}

func (m *InvokeFunctionReply) Reset()         { *m = InvokeFunctionReply{} }
func (m *InvokeFunctionReply) String() string { return proto.CompactTextString(m) }
func (*InvokeFunctionReply) ProtoMessage()    {}

func (m *ListFunctionsRequest) Reset()         { *m = ListFunctionsRequest{} }
func (m *ListFunctionsRequest) String() string { return proto.CompactTextString(m) }
func (*ListFunctionsRequest) ProtoMessage()    {}

func (m *ListFunctionsReply) Reset()         { *m = ListFunctionsReply{} }
func (m *ListFunctionsReply) String() string { return proto.CompactTextString(m) }
func (*ListFunctionsReply) ProtoMessage()    {}

func (m *ListedFunction) Reset()         { *m = ListedFunction{} }
func (m *ListedFunction) String() string { return proto.CompactTextString(m) }
func (*ListedFunction) ProtoMessage()    {}

func (m *FunctionConfig) Reset()         { *m = FunctionConfig{} }
func (m *FunctionConfig) String() string { return proto.CompactTextString(m) }
func (*FunctionConfig) ProtoMessage()    {}

func (m *AcquireContainerRequest) Reset()         { *m = AcquireContainerRequest{} }
func (m *AcquireContainerRequest) String() string { return proto.CompactTextString(m) }
func (*AcquireContainerRequest) ProtoMessage()    {}

func (m *AcquireContainerReply) Reset()         { *m = AcquireContainerReply{} }
func (m *AcquireContainerReply) String() string { return proto.CompactTextString(m) }
func (*AcquireContainerReply) ProtoMessage()    {}

func (m *ReturnContainerRequest) Reset()         { *m = ReturnContainerRequest{} }
func (m *ReturnContainerRequest) String() string { return proto.CompactTextString(m) }
func (*ReturnContainerRequest) ProtoMessage()    {}

func (m *ReturnContainerReply) Reset()         { *m = ReturnContainerReply{} }
func (m *ReturnContainerReply) String() string { return proto.CompactTextString(m) }
func (*ReturnContainerReply) ProtoMessage()    {}

func (m *ReserveNodeRequest) Reset()         { *m = ReserveNodeRequest{} }
func (m *ReserveNodeRequest) String() string { return proto.CompactTextString(m) }
func (*ReserveNodeRequest) ProtoMessage()    {}

func (m *ReserveNodeReply) Reset()         { *m = ReserveNodeReply{} }
func (m *ReserveNodeReply) String() string { return proto.CompactTextString(m) }
func (*ReserveNodeReply) ProtoMessage()    {}

func (m *NodeDesc) Reset()         { *m = NodeDesc{} }
func (m *NodeDesc) String() string { return proto.CompactTextString(m) }
func (*NodeDesc) ProtoMessage()    {}

func (m *CreateContainerRequest) Reset()         { *m = CreateContainerRequest{} }
func (m *CreateContainerRequest) String() string { return proto.CompactTextString(m) }
func (*CreateContainerRequest) ProtoMessage()    {}

func (m *FunctionMeta) Reset()         { *m = FunctionMeta{} }
func (m *FunctionMeta) String() string { return proto.CompactTextString(m) }
func (*FunctionMeta) ProtoMessage()    {}

func (m *CreateContainerReply) Reset()         { *m = CreateContainerReply{} }
func (m *CreateContainerReply) String() string { return proto.CompactTextString(m) }
func (*CreateContainerReply) ProtoMessage()    {}

func (m *RemoveContainerRequest) Reset()         { *m = RemoveContainerRequest{} }
func (m *RemoveContainerRequest) String() string { return proto.CompactTextString(m) }
func (*RemoveContainerRequest) ProtoMessage()    {}

func (m *RemoveContainerReply) Reset()         { *m = RemoveContainerReply{} }
func (m *RemoveContainerReply) String() string { return proto.CompactTextString(m) }
func (*RemoveContainerReply) ProtoMessage()    {}

func (m *GetStatsRequest) Reset()         { *m = GetStatsRequest{} }
func (m *GetStatsRequest) String() string { return proto.CompactTextString(m) }
func (*GetStatsRequest) ProtoMessage()    {}

func (m *GetStatsReply) Reset()         { *m = GetStatsReply{} }
func (m *GetStatsReply) String() string { return proto.CompactTextString(m) }
func (*GetStatsReply) ProtoMessage()    {}

func (m *NodeStats) Reset()         { *m = NodeStats{} }
func (m *NodeStats) String() string { return proto.CompactTextString(m) }
func (*NodeStats) ProtoMessage()    {}

func (m *ContainerStats) Reset()         { *m = ContainerStats{} }
func (m *ContainerStats) String() string { return proto.CompactTextString(m) }
func (*ContainerStats) ProtoMessage()    {}
