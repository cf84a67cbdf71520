package custom

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/minifaas/minifaas/containerservice/runtime"
)

// api is the Runtime API as one process sees it.
type api struct {
	arn     string
	pending chan *invocation    // at most one, given by who has taken the process
	loaded  chan *runtime.Error // one value: how loading ended; nil is ready

	mu      sync.Mutex // guards current
	current *invocation
}

func newAPI(f runtime.Function) *api {
	return &api{
		arn:     "arn:aws:lambda:" + region + ":000000000000:function:" + f.Name,
		pending: make(chan *invocation, 1),
		loaded:  make(chan *runtime.Error, 1),
	}
}

func (a *api) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", a.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", a.response)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", a.error)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", a.initError)
	return mux
}

// next blocks until there is an invocation.
func (a *api) next(w http.ResponseWriter, r *http.Request) {
	a.setLoaded(nil)
	if in := a.finish(""); in != nil {
		in.answer(nil, runtime.Errorf(runtime.TypeProtocol, "function asked for the next invocation without answering this one"))
	}
	var in *invocation
	select {
	case in = <-a.pending:
	case <-r.Context().Done():
		return
	}
	a.mu.Lock()
	a.current = in
	a.mu.Unlock()
	in.take()
	h := w.Header()
	h.Set("Lambda-Runtime-Aws-Request-Id", in.id)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(in.deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", a.arn)
	h.Set("Lambda-Runtime-Trace-Id", in.trace)
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(in.event)))
	_, _ = w.Write(in.event) // if it fails, the process is gone
}

func (a *api) response(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, runtime.MaxPayload+1))
	if err != nil {
		refuse(w, http.StatusBadRequest, "BodyUnreadable", err.Error())
		return
	}
	in := a.finish(r.PathValue("id"))
	if in == nil {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "no such invocation is running in this process")
		return
	}
	switch kind := r.Trailer.Get("Lambda-Runtime-Function-Error-Type"); {
	case len(body) > runtime.MaxPayload:
		fault := runtime.TooLarge()
		refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", fault.Message)
		in.answer(nil, fault)
	case kind != "": // a streamed response that broke off
		accept(w)
		in.answer(nil, runtime.Errorf(kind, "function failed while it streamed its response"))
	default:
		accept(w)
		in.answer(body, nil)
	}
}

func (a *api) error(w http.ResponseWriter, r *http.Request) {
	fault := parseFault(r)
	in := a.finish(r.PathValue("id"))
	if in == nil {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "no such invocation is running in this process")
		return
	}
	accept(w)
	in.answer(nil, fault)
}

func (a *api) initError(w http.ResponseWriter, r *http.Request) {
	a.setLoaded(parseFault(r))
	accept(w)
}

// finish ends the current invocation if it has that id, or any if id is empty.
func (a *api) finish(id string) *invocation {
	a.mu.Lock()
	defer a.mu.Unlock()
	in := a.current
	if in == nil || id != "" && in.id != id {
		return nil
	}
	a.current = nil
	return in
}

// setLoaded says how loading ended; the first word counts.
func (a *api) setLoaded(fault *runtime.Error) {
	select {
	case a.loaded <- fault:
	default:
	}
}

// parseFault reads an error as Lambda's libraries send it; what is not JSON is the message.
func parseFault(r *http.Request) *runtime.Error {
	body, _ := io.ReadAll(io.LimitReader(r.Body, 256<<10))
	var sent struct {
		ErrorType    string          `json:"errorType"`
		ErrorMessage string          `json:"errorMessage"`
		StackTrace   json.RawMessage `json:"stackTrace"`
	}
	if json.Unmarshal(body, &sent) != nil {
		sent.ErrorMessage = string(body)
	}
	if sent.ErrorType == "" {
		sent.ErrorType = r.Header.Get("Lambda-Runtime-Function-Error-Type")
	}
	fault := runtime.Errorf(sent.ErrorType, "%s", sent.ErrorMessage)
	var lines []string
	switch {
	case json.Unmarshal(sent.StackTrace, &lines) == nil:
		fault.StackTrace = strings.Join(lines, "\n")
	default: // some libraries send objects
		fault.StackTrace = string(sent.StackTrace)
	}
	return fault
}

func accept(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
}

func refuse(w http.ResponseWriter, code int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]string{"errorType": kind, "errorMessage": message})
}
