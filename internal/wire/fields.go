package wire

func specFields(m *SandboxSpec) message {
	return func(w *walk) {
		integer(w, 1, &m.Isolation)
		text(w, 2, &m.Root)
		list(w, 3, &m.Mounts, func(w *walk, number int, m **Mount) {
			nested(w, number, m, mount)
		})
		integer(w, 4, &m.TmpBytes)
		text(w, 5, &m.Hostname)
		text(w, 6, &m.Filter)
		truth(w, 7, &m.Egress)
		integer(w, 8, &m.HostUser)
		integer(w, 9, &m.Layout)
	}
}

func mount(w *walk, m *Mount) {
	text(w, 1, &m.Source)
	text(w, 2, &m.Target)
}

func callFields(m *Call) message {
	return func(w *walk) {
		integer(w, 1, &m.ID)
		nested(w, 2, &m.Prepare, prepareRequest)
		nested(w, 3, &m.Load, loadRequest)
		nested(w, 4, &m.Invoke, invokeRequest)
		nested(w, 5, &m.EndInvocation, func(w *walk, m *EndInvocationRequest) { text(w, 1, &m.RequestID) })
		nested(w, 6, &m.Trim, func(*walk, *TrimRequest) {})
	}
}

func answerFields(m *Answer) message {
	return func(w *walk) {
		integer(w, 1, &m.ID)
		integer(w, 2, &m.Code)
		text(w, 3, &m.Message)
		nested(w, 4, &m.Prepare, prepareReply)
		nested(w, 5, &m.Load, loadReply)
		nested(w, 6, &m.Invoke, invokeReply)
		nested(w, 7, &m.EndInvocation, func(w *walk, m *EndInvocationReply) { truth(w, 1, &m.ContainerLost) })
		nested(w, 8, &m.Trim, func(*walk, *TrimReply) {})
	}
}

func prepareRequest(w *walk, m *PrepareRequest) {
	text(w, 1, &m.Runtime)
	text(w, 2, &m.Interpreter)
	integer(w, 3, &m.MemoryInBytes)
	truth(w, 4, &m.Forked)
}

func prepareReply(w *walk, m *PrepareReply) {
	integer(w, 1, &m.WorkerSocket)
	integer(w, 2, &m.WorkerOutput)
}

func loadRequest(w *walk, m *LoadRequest) {
	text(w, 1, &m.Runtime)
	text(w, 2, &m.Handler)
	text(w, 3, &m.CodeDir)
	text(w, 4, &m.FunctionName)
	integer(w, 5, &m.MemoryInBytes)
	dictionary(w, 6, &m.Environment)
	text(w, 7, &m.Interpreter)
	integer(w, 8, &m.TimeoutNanos)
	integer(w, 9, &m.LogLimitInBytes)
	text(w, 10, &m.CompiledDir)
	truth(w, 11, &m.Forked)
	list(w, 12, &m.Preload, element[string])
	truth(w, 13, &m.Snapshot)
	truth(w, 14, &m.Zygote)
}

func loadReply(w *walk, m *LoadReply) {
	nested(w, 1, &m.Error, functionError)
	text(w, 2, &m.FunctionLog)
}

func functionError(w *walk, m *FunctionError) {
	text(w, 1, &m.Code)
	text(w, 2, &m.Type)
	text(w, 3, &m.Message)
	text(w, 4, &m.StackTrace)
}

func invokeRequest(w *walk, m *InvokeRequest) {
	text(w, 1, &m.RequestID)
	text(w, 2, &m.Event)
	integer(w, 3, &m.TimeoutNanos)
}

func invokeReply(w *walk, m *InvokeReply) {
	text(w, 1, &m.Body)
	nested(w, 2, &m.Error, functionError)
	text(w, 3, &m.FunctionLog)
	integer(w, 4, &m.DurationInNanos)
	integer(w, 5, &m.MaxMemoryUsageInBytes)
	truth(w, 6, &m.ContainerLost)
}
