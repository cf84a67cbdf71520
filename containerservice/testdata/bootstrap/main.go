// Command bootstrap is a function for tests that speaks the Lambda Runtime API
// by itself; it does what its event says.
package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

var base = "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/"

func main() {
	if fault := os.Getenv("INIT_ERROR"); fault != "" {
		post("init/error", fault)
		os.Exit(1)
	}
	for {
		resp, err := http.Get(base + "invocation/next")
		if err != nil {
			panic(err)
		}
		event, err := io.ReadAll(resp.Body)
		if err != nil {
			panic(err)
		}
		handle(resp.Header, string(event))
	}
}

func handle(h http.Header, event string) {
	id := "invocation/" + h.Get("Lambda-Runtime-Aws-Request-Id")
	verb, arg, _ := strings.Cut(event, " ")
	n, _ := strconv.Atoi(arg)
	reply := arg
	switch verb {
	case "pid":
		reply = strconv.Itoa(os.Getpid())
	case "headers":
		reply = fmt.Sprintf("%s %s %s", h.Get("Lambda-Runtime-Aws-Request-Id"), h.Get("Lambda-Runtime-Invoked-Function-Arn"), h.Get("Lambda-Runtime-Trace-Id")[:7])
	case "deadline":
		at, _ := strconv.ParseInt(h.Get("Lambda-Runtime-Deadline-Ms"), 10, 64)
		reply = strconv.FormatInt(time.Until(time.UnixMilli(at)).Milliseconds(), 10)
	case "env":
		reply = os.Getenv(arg)
	case "sleep":
		time.Sleep(time.Duration(n) * time.Millisecond)
	case "print":
		fmt.Println(arg)
	case "exit":
		os.Exit(n)
	case "big":
		reply = strings.Repeat("x", n)
	case "fail":
		post(id+"/error", arg)
		return
	case "forget": // asks for the next without answering this one
		return
	case "wrong": // answers something else first
		fmt.Println(post("invocation/nonsense/response", "x"))
	case "last": // ends after its answer
		post(id+"/response", "bye")
		os.Exit(0)
	}
	post(id+"/response", reply)
}

func post(path, body string) int {
	req, err := http.NewRequest(http.MethodPost, base+path, bytes.NewReader([]byte(body)))
	if err != nil {
		panic(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		panic(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	return resp.StatusCode
}
