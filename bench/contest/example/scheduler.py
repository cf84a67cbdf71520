#!/usr/bin/python3
"""A scheduler for minifaas bench contest, as small as one can be: a container for
each call at a time, never given up. It needs python3-grpcio and python3-grpc-tools.

    minifaas bench contest --length 60s --command 'python3 bench/contest/example/scheduler.py'
"""
import os, sys, tempfile, threading
from concurrent.futures import ThreadPoolExecutor

import grpc
from grpc_tools import protoc

# Stubs are made of the proto folder at each start; a larger scheduler would keep them.
PROTO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../proto")
STUBS = tempfile.TemporaryDirectory()
sys.path.insert(0, STUBS.name)
for name in "scheduler", "resourcemanager", "nodeservice":
    if protoc.main(["", f"-I{PROTO}/{name}", f"--python_out={STUBS.name}", f"--grpc_python_out={STUBS.name}", f"{name}.proto"]):
        sys.exit(f"no stubs of {name}.proto")

import nodeservice_pb2 as ns, nodeservice_pb2_grpc
import resourcemanager_pb2 as rm, resourcemanager_pb2_grpc
import scheduler_pb2 as sched, scheduler_pb2_grpc
STUBS.cleanup()  # nobody does it later: the bench ends us by a signal


class Scheduler(scheduler_pb2_grpc.SchedulerServicer):
    def __init__(self, endpoint):
        self.manager = resourcemanager_pb2_grpc.ResourceManagerStub(grpc.insecure_channel(endpoint))
        self.changed = threading.Condition()  # guards what follows
        self.nodes = []  # [description, stub, free memory]
        self.idle = {}   # function: [(node, container id)]
        self.busy = {}   # container id: (function, node)

    def AcquireContainer(self, request, context):
        function, memory = request.function_name, request.function_config.memory_in_bytes
        with self.changed:
            node, container = self.changed.wait_for(lambda: self.find(function, memory), timeout=55) or (None, None)
            if node is None:
                context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "no room within 55 s")
        if container is None:
            container = self.create(request, node, memory)
        with self.changed:
            self.busy[container] = function, node
        return sched.AcquireContainerReply(
            node_id=node[0].id, node_address=node[0].address, node_service_port=node[0].node_service_port, container_id=container)

    def find(self, function, memory):
        """An idle container, or a node with room for another; None is to wait."""
        if self.idle.get(function):
            return self.idle[function].pop()
        node = next((n for n in self.nodes if n[2] >= memory), None) or self.reserve()
        if node and node[2] >= memory:
            node[2] -= memory
            return node, None

    def reserve(self):
        try:
            node = self.manager.ReserveNode(rm.ReserveNodeRequest()).node
        except grpc.RpcError:
            return None  # there is none now; another call's return will be
        stub = nodeservice_pb2_grpc.NodeServiceStub(grpc.insecure_channel(f"{node.address}:{node.node_service_port}"))
        self.nodes.append([node, stub, node.memory_in_bytes])
        return self.nodes[-1]

    def create(self, request, node, memory):
        meta = ns.FunctionMeta(function_name=request.function_name, memory_in_bytes=memory)
        return node[1].CreateContainer(ns.CreateContainerRequest(name=request.request_id, function_meta=meta)).container_id

    def ReturnContainer(self, request, context):
        with self.changed:
            function, node = self.busy.pop(request.container_id)
            if not request.container_lost:
                self.idle.setdefault(function, []).append((node, request.container_id))
            self.changed.notify_all()
        return sched.ReturnContainerReply()


server = grpc.server(ThreadPoolExecutor(max_workers=1000))
scheduler_pb2_grpc.add_SchedulerServicer_to_server(Scheduler(os.environ["RESOURCE_MANAGER_ENDPOINT"]), server)
server.add_insecure_port(f"127.0.0.1:{os.environ['SERVICE_PORT']}")
server.start()
server.wait_for_termination()
