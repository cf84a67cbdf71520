// Package wire is the contest's contract as the generator of 2016 would have
// written it: plain structs with tags, no descriptors, and only the fields that
// were published.
package wire

type InvokeFunctionRequest struct {
	AccountId    string `protobuf:"bytes,1,opt,name=account_id,json=accountId" json:"account_id,omitempty"`
	FunctionName string `protobuf:"bytes,2,opt,name=function_name,json=functionName" json:"function_name,omitempty"`
	Event        []byte `protobuf:"bytes,3,opt,name=event,proto3" json:"event,omitempty"`
}

type InvokeFunctionReply struct {
	RequestId             string `protobuf:"bytes,1,opt,name=request_id,json=requestId" json:"request_id,omitempty"`
	Body                  []byte `protobuf:"bytes,2,opt,name=body,proto3" json:"body,omitempty"`
	ServerSideLatencyInMs int64  `protobuf:"varint,3,opt,name=server_side_latency_in_ms,json=serverSideLatencyInMs" json:"server_side_latency_in_ms,omitempty"`
}

type ListFunctionsRequest struct{}

type ListFunctionsReply struct {
	RequestId string            `protobuf:"bytes,1,opt,name=request_id,json=requestId" json:"request_id,omitempty"`
	Functions []*ListedFunction `protobuf:"bytes,2,rep,name=functions" json:"functions,omitempty"`
}

// ListedFunction is apiserverproto.FunctionConfig; the scheduler's has another order.
type ListedFunction struct {
	FunctionName  string `protobuf:"bytes,1,opt,name=function_name,json=functionName" json:"function_name,omitempty"`
	TimeoutInMs   int64  `protobuf:"varint,2,opt,name=timeout_in_ms,json=timeoutInMs" json:"timeout_in_ms,omitempty"`
	MemoryInBytes int64  `protobuf:"varint,3,opt,name=memory_in_bytes,json=memoryInBytes" json:"memory_in_bytes,omitempty"`
	Handler       string `protobuf:"bytes,4,opt,name=handler" json:"handler,omitempty"`
}

// FunctionConfig is schedulerproto.FunctionConfig.
type FunctionConfig struct {
	TimeoutInMs   int64  `protobuf:"varint,1,opt,name=timeout_in_ms,json=timeoutInMs" json:"timeout_in_ms,omitempty"`
	MemoryInBytes int64  `protobuf:"varint,2,opt,name=memory_in_bytes,json=memoryInBytes" json:"memory_in_bytes,omitempty"`
	Handler       string `protobuf:"bytes,3,opt,name=handler" json:"handler,omitempty"`
}

type AcquireContainerRequest struct {
	RequestId      string          `protobuf:"bytes,1,opt,name=request_id,json=requestId" json:"request_id,omitempty"`
	AccountId      string          `protobuf:"bytes,2,opt,name=account_id,json=accountId" json:"account_id,omitempty"`
	FunctionName   string          `protobuf:"bytes,3,opt,name=function_name,json=functionName" json:"function_name,omitempty"`
	FunctionConfig *FunctionConfig `protobuf:"bytes,4,opt,name=function_config,json=functionConfig" json:"function_config,omitempty"`
}

type AcquireContainerReply struct {
	NodeId          string `protobuf:"bytes,1,opt,name=node_id,json=nodeId" json:"node_id,omitempty"`
	NodeAddress     string `protobuf:"bytes,2,opt,name=node_address,json=nodeAddress" json:"node_address,omitempty"`
	NodeServicePort int64  `protobuf:"varint,3,opt,name=node_service_port,json=nodeServicePort" json:"node_service_port,omitempty"`
	ContainerId     string `protobuf:"bytes,4,opt,name=container_id,json=containerId" json:"container_id,omitempty"`
}

type ReturnContainerRequest struct {
	RequestId             string `protobuf:"bytes,1,opt,name=request_id,json=requestId" json:"request_id,omitempty"`
	ContainerId           string `protobuf:"bytes,2,opt,name=container_id,json=containerId" json:"container_id,omitempty"`
	DurationInNanos       int64  `protobuf:"varint,3,opt,name=duration_in_nanos,json=durationInNanos" json:"duration_in_nanos,omitempty"`
	MaxMemoryUsageInBytes int64  `protobuf:"varint,4,opt,name=max_memory_usage_in_bytes,json=maxMemoryUsageInBytes" json:"max_memory_usage_in_bytes,omitempty"`
	ErrorCode             string `protobuf:"bytes,5,opt,name=error_code,json=errorCode" json:"error_code,omitempty"`
	ErrorMessage          string `protobuf:"bytes,6,opt,name=error_message,json=errorMessage" json:"error_message,omitempty"`
}

type ReturnContainerReply struct{}

type ReserveNodeRequest struct {
	RequestId string `protobuf:"bytes,1,opt,name=request_id,json=requestId" json:"request_id,omitempty"`
	AccountId string `protobuf:"bytes,2,opt,name=account_id,json=accountId" json:"account_id,omitempty"`
}

type ReserveNodeReply struct {
	Node *NodeDesc `protobuf:"bytes,1,opt,name=node" json:"node,omitempty"`
}

type NodeDesc struct {
	Id                      string `protobuf:"bytes,1,opt,name=id" json:"id,omitempty"`
	Address                 string `protobuf:"bytes,2,opt,name=address" json:"address,omitempty"`
	NodeServicePort         int64  `protobuf:"varint,3,opt,name=node_service_port,json=nodeServicePort" json:"node_service_port,omitempty"`
	MemoryInBytes           int64  `protobuf:"varint,4,opt,name=memory_in_bytes,json=memoryInBytes" json:"memory_in_bytes,omitempty"`
	ReservedTimeTimestampMs int64  `protobuf:"varint,5,opt,name=reserved_time_timestamp_ms,json=reservedTimeTimestampMs" json:"reserved_time_timestamp_ms,omitempty"`
	ReleasedTimeTimestampMs int64  `protobuf:"varint,6,opt,name=released_time_timestamp_ms,json=releasedTimeTimestampMs" json:"released_time_timestamp_ms,omitempty"`
}

type CreateContainerRequest struct {
	RequestId    string        `protobuf:"bytes,1,opt,name=request_id,json=requestId" json:"request_id,omitempty"`
	Name         string        `protobuf:"bytes,2,opt,name=name" json:"name,omitempty"`
	FunctionMeta *FunctionMeta `protobuf:"bytes,3,opt,name=function_meta,json=functionMeta" json:"function_meta,omitempty"`
}

type FunctionMeta struct {
	FunctionName  string `protobuf:"bytes,1,opt,name=function_name,json=functionName" json:"function_name,omitempty"`
	Handler       string `protobuf:"bytes,2,opt,name=handler" json:"handler,omitempty"`
	TimeoutInMs   int64  `protobuf:"varint,3,opt,name=timeout_in_ms,json=timeoutInMs" json:"timeout_in_ms,omitempty"`
	MemoryInBytes int64  `protobuf:"varint,4,opt,name=memory_in_bytes,json=memoryInBytes" json:"memory_in_bytes,omitempty"`
}

type CreateContainerReply struct {
	ContainerId string `protobuf:"bytes,1,opt,name=container_id,json=containerId" json:"container_id,omitempty"`
}

type RemoveContainerRequest struct {
	RequestId   string `protobuf:"bytes,1,opt,name=request_id,json=requestId" json:"request_id,omitempty"`
	ContainerId string `protobuf:"bytes,2,opt,name=container_id,json=containerId" json:"container_id,omitempty"`
}

type RemoveContainerReply struct{}

type GetStatsRequest struct {
	RequestId string `protobuf:"bytes,1,opt,name=request_id,json=requestId" json:"request_id,omitempty"`
}

type GetStatsReply struct {
	NodeStats          *NodeStats        `protobuf:"bytes,1,opt,name=node_stats,json=nodeStats" json:"node_stats,omitempty"`
	ContainerStatsList []*ContainerStats `protobuf:"bytes,2,rep,name=container_stats_list,json=containerStatsList" json:"container_stats_list,omitempty"`
}

type NodeStats struct {
	TotalMemoryInBytes     int64   `protobuf:"varint,1,opt,name=total_memory_in_bytes,json=totalMemoryInBytes" json:"total_memory_in_bytes,omitempty"`
	MemoryUsageInBytes     int64   `protobuf:"varint,2,opt,name=memory_usage_in_bytes,json=memoryUsageInBytes" json:"memory_usage_in_bytes,omitempty"`
	AvailableMemoryInBytes int64   `protobuf:"varint,3,opt,name=available_memory_in_bytes,json=availableMemoryInBytes" json:"available_memory_in_bytes,omitempty"`
	CpuUsagePct            float64 `protobuf:"fixed64,4,opt,name=cpu_usage_pct,json=cpuUsagePct" json:"cpu_usage_pct,omitempty"`
}

type ContainerStats struct {
	ContainerId        string `protobuf:"bytes,1,opt,name=container_id,json=containerId" json:"container_id,omitempty"`
	TotalMemoryInBytes int64  `protobuf:"varint,2,opt,name=total_memory_in_bytes,json=totalMemoryInBytes" json:"total_memory_in_bytes,omitempty"`
}
