package containerservice_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/minifaas/minifaas/internal/wire"
)

// script loads a shell function.
func script(t testing.TB, body string) *agent {
	return load(t, function(t, "binary", "", map[string]string{"fn.sh": "#!/bin/sh\n" + body}))
}

func TestBinary(t *testing.T) {
	a := script(t, `echo "to the log" >&2; echo "$REQUEST_ID $FUNCTION_NAME $MEMORY_LIMIT_MB $(pwd | wc -l)"; cat`)
	r := a.answers(t, "event", "r1 f 128 1\nevent")
	if r.FunctionLog != "to the log\n" || r.DurationInNanos <= 0 {
		t.Errorf("got %v", r)
	}
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() { a.answers(t, fmt.Sprint(i), fmt.Sprintf("r1 f 128 1\n%d", i)) })
	}
	wg.Wait()
}

func TestBinaryEnvironment(t *testing.T) {
	req := function(t, "binary", "run", map[string]string{"run": "#!/bin/sh\n" + `echo "$GREETING $HOME $MINIFAAS_AGENT_JAIL$1"`})
	req.Environment = map[string]string{"GREETING": "hi", "HOME": "/somewhere"}
	load(t, req).answers(t, "", "hi /somewhere \n")
}

func TestBinaryExitCode(t *testing.T) {
	a := script(t, "echo partial; echo first >&2; echo the reason >&2; exit 3")
	r := a.invoke(t, "")
	if r.Error.Type != "Runtime.ExitError" || r.Error.Message != "function's process exited with code 3: the reason" || r.ContainerLost || len(r.Body) > 0 {
		t.Errorf("got %v", r)
	}
	a = script(t, "kill -9 $$")
	if r := a.invoke(t, ""); r.Error.Type != "Runtime.ExitError" || !strings.Contains(r.Error.Message, "killed by signal 9") || r.ContainerLost {
		t.Errorf("got %v", r)
	}
}

func TestBinaryTimeoutKillsTheGuiltyAlone(t *testing.T) {
	dir := t.TempDir()
	a := script(t, `read ms; (setsid sh -c 'echo $$ > `+dir+`/daemon-$REQUEST_ID; sleep 1000; :' &)
echo $$ > `+dir+`/self-$REQUEST_ID
sleep $ms`)
	other := a.background(t, "other", "0.6\n")
	r, err := a.Invoke(t.Context(), &wire.InvokeRequest{RequestID: "guilty", Event: []byte("60\n"), TimeoutNanos: 3e8})
	gone(t, readPID(t, dir, "self-guilty"))
	gone(t, readPID(t, dir, "daemon-guilty"))
	if err != nil || r.Error.Code != "Timeout" || r.ContainerLost || r.MaxMemoryUsageInBytes <= 0 {
		t.Errorf("guilty: %v, %v", r, err)
	}
	if o := <-other; o.err != nil || o.reply.Error != nil {
		t.Errorf("other: %v, %v", o.reply, o.err)
	}
	gone(t, readPID(t, dir, "daemon-other"))
}

func readPID(t *testing.T, dir, name string) int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestBinaryCancel(t *testing.T) {
	a := script(t, "sleep 1000")
	end := a.background(t, "c", "")
	if e := a.ends(t, "c", end, false); wire.CodeOf(e.err) != wire.Canceled {
		t.Errorf("got %v, %v", e.reply, e.err)
	}
}

func TestBinaryLimits(t *testing.T) {
	const limit = 6 << 20
	big := strings.Repeat("x", limit)
	script(t, "cat").answers(t, big, big)
	script(t, "echo done").answers(t, big, "done\n") // reads nothing

	// A gigabyte on stdout is a result that is too large, on stderr a log that is cut.
	r := script(t, "yes | head -c 1073741824").invoke(t, "")
	if r.Error.Type != "Runtime.ResultTooLarge" || !strings.Contains(r.Error.Message, "6 MiB") || r.ContainerLost {
		t.Errorf("got %v", r.Error)
	}
	r = script(t, "yes | head -c 1073741824 >&2; echo done").answers(t, "", "done\n")
	if want := fmt.Sprintf("\n… %d bytes dropped\n", 1<<30-64<<10); !strings.HasSuffix(r.FunctionLog, want) {
		t.Errorf("log of %d bytes ends with %q", len(r.FunctionLog), r.FunctionLog[max(0, len(r.FunctionLog)-60):])
	}
}

func TestBinaryPeakMemory(t *testing.T) {
	a := script(t, "head -c 67108864 /dev/zero | tail -n 1 | wc -c")
	if mib := a.answers(t, "", "67108864\n").MaxMemoryUsageInBytes >> 20; mib < 64 || mib > 200 {
		t.Errorf("peak %d MiB for a pipeline that holds 64", mib)
	}
}
