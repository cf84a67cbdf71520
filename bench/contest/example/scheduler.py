"""The smallest scheduler for minifaas bench contest: see docs/benchmark.md. Debian: python3-grpcio, python3-grpc-tools."""
import concurrent.futures, grpc, importlib, os, subprocess, sys, tempfile, threading

def load(name):  # makes the stubs of a file of the proto folder
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../proto", name)
    with tempfile.TemporaryDirectory() as stubs:
        subprocess.run([sys.executable, "-m", "grpc_tools.protoc", "-I" + folder, "--python_out=" + stubs,
                        "--grpc_python_out=" + stubs, name + ".proto"], check=True)
        sys.path.insert(0, stubs)
        return importlib.import_module(name + "_pb2"), importlib.import_module(name + "_pb2_grpc")
(pb, pb_grpc), (rm, rm_grpc), (ns, ns_grpc) = load("scheduler"), load("resourcemanager"), load("nodeservice")

class Scheduler(pb_grpc.SchedulerServicer):  # a container for each call at a time, never given up
    manager = rm_grpc.ResourceManagerStub(grpc.insecure_channel(os.environ["RESOURCE_MANAGER_ENDPOINT"]))
    busy = {}   # container id: (function, node, memory)
    changed = threading.Condition()  # guards what follows
    nodes = []  # [description, stub, free memory]
    idle = {}   # function: [(node, container id)]

    def AcquireContainer(self, request, context):
        function, memory = request.function_name, request.function_config.memory_in_bytes
        with self.changed:
            node, container = self.changed.wait_for(lambda: self.find(function, memory), timeout=55) or context.abort(
                grpc.StatusCode.RESOURCE_EXHAUSTED, "no room within 55 s")
        if not container:
            meta = ns.FunctionMeta(function_name=function, memory_in_bytes=memory)
            container = node[1].CreateContainer(ns.CreateContainerRequest(name=request.request_id, function_meta=meta)).container_id
        self.busy[container] = function, node, memory
        return pb.AcquireContainerReply(container_id=container, node_id=node[0].id, node_address=node[0].address,
                                        node_service_port=node[0].node_service_port)

    def find(self, function, memory):  # an idle container, or a node with room for another; None is to wait
        if self.idle.get(function):
            return self.idle[function].pop()
        node = next((n for n in self.nodes if n[2] >= memory), None)
        if not node:
            try:
                desc = self.manager.ReserveNode(rm.ReserveNodeRequest()).node
            except grpc.RpcError:
                return None  # there is none now: another call's return will be
            stub = ns_grpc.NodeServiceStub(grpc.insecure_channel(f"{desc.address}:{desc.node_service_port}"))
            self.nodes.append(node := [desc, stub, desc.memory_in_bytes])
        node[2] -= memory
        return node, None

    def ReturnContainer(self, request, context):
        function, node, memory = self.busy.pop(request.container_id)
        with self.changed:
            if request.container_lost:
                node[2] += memory
            else:
                self.idle.setdefault(function, []).append((node, request.container_id))
            self.changed.notify_all()
        return pb.ReturnContainerReply()

server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=1000))
pb_grpc.add_SchedulerServicer_to_server(Scheduler(), server)
server.add_insecure_port(f"127.0.0.1:{os.environ['SERVICE_PORT']}")
server.start()
server.wait_for_termination()
