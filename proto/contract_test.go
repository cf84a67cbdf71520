// Package proto holds the services' wire contracts, one folder each.
package proto

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/reflect/protoreflect"

	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

// contract is what old schedulers and clients have compiled in: services with
// their methods, and messages with the fields that they know. Everything here
// must stay as it is; fields from 100 up and further methods are ours.
var contract = map[protoreflect.FileDescriptor]string{
	apiserverpb.File_apiserver_apiserver_proto: `
service apiserverproto.APIServer
  InvokeFunction(InvokeFunctionRequest) InvokeFunctionReply
  ListFunctions(ListFunctionsRequest) ListFunctionsReply
message FunctionConfig
  1 function_name string
  2 timeout_in_ms int64
  3 memory_in_bytes int64
  4 handler string
message InvokeFunctionReply
  1 request_id string
  2 body bytes
  3 server_side_latency_in_ms int64
message InvokeFunctionRequest
  1 account_id string
  2 function_name string
  3 event bytes
message ListFunctionsReply
  1 request_id string
  2 functions repeated FunctionConfig
message ListFunctionsRequest
`,
	schedulerpb.File_scheduler_scheduler_proto: `
service schedulerproto.Scheduler
  AcquireContainer(AcquireContainerRequest) AcquireContainerReply
  ReturnContainer(ReturnContainerRequest) ReturnContainerReply
message AcquireContainerReply
  1 node_id string
  2 node_address string
  3 node_service_port int64
  4 container_id string
message AcquireContainerRequest
  1 request_id string
  2 account_id string
  3 function_name string
  4 function_config FunctionConfig
message FunctionConfig
  1 timeout_in_ms int64
  2 memory_in_bytes int64
  3 handler string
message ReturnContainerReply
message ReturnContainerRequest
  1 request_id string
  2 container_id string
  3 duration_in_nanos int64
  4 max_memory_usage_in_bytes int64
  5 error_code string
  6 error_message string
`,
	resourcemanagerpb.File_resourcemanager_resourcemanager_proto: `
service resourcemanagerproto.ResourceManager
  ReserveNode(ReserveNodeRequest) ReserveNodeReply
  ReleaseNode(ReleaseNodeRequest) ReleaseNodeReply
  GetNodesUsage(GetNodesUsageRequest) GetNodesUsageReply
message GetNodesUsageReply
  1 nodes repeated NodeDesc
message GetNodesUsageRequest
  1 request_id string
message NodeDesc
  1 id string
  2 address string
  3 node_service_port int64
  4 memory_in_bytes int64
  5 reserved_time_timestamp_ms int64
  6 released_time_timestamp_ms int64
message ReleaseNodeReply
message ReleaseNodeRequest
  1 request_id string
  2 id string
message ReserveNodeReply
  1 node NodeDesc
message ReserveNodeRequest
  1 request_id string
  2 account_id string
`,
	nodeservicepb.File_nodeservice_nodeservice_proto: `
service nodeservoceproto.NodeService
  Reserve(ReserveRequest) ReserveReply
  CreateContainer(CreateContainerRequest) CreateContainerReply
  RemoveContainer(RemoveContainerRequest) RemoveContainerReply
  InvokeFunction(InvokeFunctionRequest) stream InvokeFunctionReply
  GetStats(GetStatsRequest) GetStatsReply
message ContainerStats
  1 container_id string
  2 total_memory_in_bytes int64
  3 memory_usage_in_bytes int64
  4 cpu_usage_pct double
message CreateContainerReply
  1 container_id string
message CreateContainerRequest
  1 request_id string
  2 name string
  3 function_meta FunctionMeta
message FunctionMeta
  1 function_name string
  2 handler string
  3 timeout_in_ms int64
  4 memory_in_bytes int64
message GetStatsReply
  1 node_stats NodeStats
  2 container_stats_list repeated ContainerStats
  3 live_id string
  4 owner_account_id string
message GetStatsRequest
  1 request_id string
message InvokeFunctionReply
  1 body bytes
  2 header InvokeFunctionReply.Header
  3 footer InvokeFunctionReply.Footer
message InvokeFunctionReply.Footer
  1 duration_in_nanos int64
  2 invoke_exception string
  3 error string
message InvokeFunctionReply.Header
  1 error bytes
  2 handled bool
  3 status_code string
  4 headers map<string, InvokeFunctionReply.Header.Value>
  5 max_mem_usage_in_bytes int64
  6 function_log string
message InvokeFunctionReply.Header.Value
  1 items repeated string
message InvokeFunctionRequest
  1 request_id string
  2 container_id string
  3 event bytes
  4 function_meta FunctionMeta
message NodeStats
  1 total_memory_in_bytes int64
  2 memory_usage_in_bytes int64
  3 available_memory_in_bytes int64
  4 cpu_usage_pct double
  5 disk_total_in_bytes int64
  6 disk_avail_in_bytes int64
  7 disk_total_inodes int64
  8 disk_free_inodes int64
message RemoveContainerReply
message RemoveContainerRequest
  1 request_id string
  2 container_id string
message ReserveReply
message ReserveRequest
  1 request_id string
  2 owner_account_id string
`,
}

func TestContractIsKept(t *testing.T) {
	for file, want := range contract {
		t.Run(string(file.Package()), func(t *testing.T) {
			if diff := cmp.Diff(strings.TrimSpace(want), describe(file, ours(want))); diff != "" {
				t.Errorf("the wire contract has changed (-want +got):\n%s", diff)
			}
		})
	}
}

// ours tells methods and messages that the contract does not name.
func ours(want string) func(name string) bool {
	return func(name string) bool {
		return !strings.Contains(want, "  "+name+"(") && !strings.Contains(want, "message "+name+"\n")
	}
}

// describe writes a file's descriptors in the form of the contract, without
// what is ours.
func describe(file protoreflect.FileDescriptor, ours func(string) bool) string {
	var b strings.Builder
	for i := range file.Services().Len() {
		service := file.Services().Get(i)
		fmt.Fprintf(&b, "service %s\n", service.FullName())
		for j := range service.Methods().Len() {
			m := service.Methods().Get(j)
			if ours(string(m.Name())) {
				continue
			}
			stream := ""
			if m.IsStreamingServer() {
				stream = "stream "
			}
			if m.IsStreamingClient() {
				stream = "client-stream "
			}
			fmt.Fprintf(&b, "  %s(%s) %s%s\n", m.Name(), local(m.Input()), stream, local(m.Output()))
		}
	}
	var messages []string
	walk(file.Messages(), func(m protoreflect.MessageDescriptor) {
		if !m.IsMapEntry() && !ours(local(m)) {
			messages = append(messages, describeMessage(m))
		}
	})
	slices.Sort(messages)
	return strings.TrimSpace(b.String() + strings.Join(messages, ""))
}

func describeMessage(m protoreflect.MessageDescriptor) string {
	fields := make([]string, 100)
	for i := range m.Fields().Len() {
		if f := m.Fields().Get(i); f.Number() < 100 {
			fields[f.Number()] = fmt.Sprintf("  %d %s %s\n", f.Number(), f.Name(), typeOf(f))
		}
	}
	return fmt.Sprintf("message %s\n%s", local(m), strings.Join(fields, ""))
}

func typeOf(f protoreflect.FieldDescriptor) string {
	kind := f.Kind().String()
	switch {
	case f.IsMap():
		return fmt.Sprintf("map<%s, %s>", typeOf(f.MapKey()), typeOf(f.MapValue()))
	case f.Message() != nil:
		kind = local(f.Message())
	}
	if f.IsList() {
		return "repeated " + kind
	}
	return kind
}

// local is a message's name without its package.
func local(m protoreflect.MessageDescriptor) string {
	return strings.TrimPrefix(string(m.FullName()), string(m.ParentFile().Package())+".")
}

func walk(messages protoreflect.MessageDescriptors, visit func(protoreflect.MessageDescriptor)) {
	for i := range messages.Len() {
		visit(messages.Get(i))
		walk(messages.Get(i).Messages(), visit)
	}
}
