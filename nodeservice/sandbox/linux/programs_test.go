package linux

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
	"github.com/minifaas/minifaas/nodeservice/sandbox/sandboxtest"
)

// programs are what a sandbox must be able to run, filter and all. Each answers "fine".
var programs = map[string]struct {
	runtime, handler, file, text string
}{
	"shell": {function.Binary, "fn.sh", "fn.sh", `#!/bin/sh -e
cd "$TMPDIR"
seq 100 | sort -rn | head -3 | tr '\n' ' ' | grep -q '100 99 98' && mkdir -p d/e && cp -a /bin/sh d/e/ && mv d/e/sh d/sh
mkfifo p; (cat p > q & echo through > p; wait); grep -q through q
ln -s q l; readlink l > /dev/null; touch -d 2020-01-01 q; chmod 600 q; find . -newer q | wc -l > /dev/null
date > /dev/null; sleep 0.01; id > /dev/null; df . > /dev/null; head -c 5 /dev/urandom > /dev/null; stat q > /dev/null
x=$(echo $((6 * 7)) | sed 's/42/fine/'); trap 'printf %s "$x"' EXIT
`},
	"python": {function.Python3, "app.handler", "app.py", `
import asyncio, concurrent.futures, multiprocessing, os, socket, ssl, subprocess, tempfile, threading, time, uuid

def handler(event, context):
    with tempfile.NamedTemporaryFile("w+") as f:
        f.write("x"); f.flush(); os.fsync(f.fileno())
    assert subprocess.run(["/bin/echo", "hi"], capture_output=True, text=True).stdout == "hi\n"
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda n: n, range(10))) == 45
    async def nap():
        await asyncio.sleep(0.01)
        p = await asyncio.create_subprocess_exec("/bin/true")
        return await p.wait()
    assert asyncio.run(nap()) == 0
    a, b = socket.socketpair(); a.send(b"x"); assert b.recv(1) == b"x"
    s = socket.create_server(("127.0.0.1", 0)); socket.create_connection(s.getsockname()).close()
    ssl.create_default_context(); uuid.uuid4(); os.cpu_count(); time.process_time()
    try:
        multiprocessing.Lock()
    except PermissionError:
        assert os.environ["TMPDIR"] != "/tmp"  # without namespaces there is no /dev/shm
    return "fine"
`},
	"node": {function.NodeJS, "app.handler", "app.js", `
const fs = require('fs'), os = require('os'), path = require('path'), net = require('net'), crypto = require('crypto'), zlib = require('zlib');
const { execFile } = require('child_process');
const { Worker } = require('worker_threads');
const promised = require('util').promisify;

exports.handler = async () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'x-'));
  await fs.promises.writeFile(path.join(dir, 'f'), 'x');
  fs.watch(dir).close();
  const { stdout } = await promised(execFile)('/bin/echo', ['hi']);
  if (stdout !== 'hi\n') throw new Error('echo said ' + stdout);
  await promised(zlib.gzip)(Buffer.alloc(1000)); await promised(crypto.pbkdf2)('a', 'b', 10, 16, 'sha256');
  await new Promise((ok, fail) => new Worker('process.exit(0)', { eval: true }).on('exit', ok).on('error', fail));
  await new Promise((ok) => { const s = net.createServer(); s.listen(0, '127.0.0.1', () => s.close(ok)); });
  os.cpus(); os.totalmem(); os.hostname(); os.networkInterfaces(); process.memoryUsage(); process.cpuUsage();
  return 'fine';
};
`},
}

func TestPrograms(t *testing.T) {
	for name, program := range programs {
		t.Run(name, func(t *testing.T) {
			code := t.TempDir()
			write(t, filepath.Join(code, program.file), program.text, 0o755)
			f := codeOf(code)
			f.Runtime, f.Handler = program.runtime, program.handler
			c, err := underTest(newRuntime(t, nil)).Create(t.Context(), sandbox.Spec{ID: "c1", Function: f, Memory: 512 << 20})
			if errors.Is(err, sandbox.ErrUnsupported) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			r, err := c.Invoke(t.Context(), sandbox.Invocation{RequestID: "r", Event: []byte("{}"), Timeout: long})
			if err != nil || r.Error != nil {
				t.Fatalf("%v, %+v, log %q", err, r.Error, r.Log)
			}
			if got := strings.Trim(string(r.Body), `"`); got != "fine" {
				t.Errorf("body %q, want fine; log %q", got, r.Log)
			}
		})
	}
}

// TestModule: also the compiler's sandbox must let a module through.
func TestModule(t *testing.T) {
	f := sandboxtest.Build(t).Module(t)
	c, err := newRuntime(t, nil).Create(t.Context(), sandbox.Spec{ID: "c1", Function: f, Memory: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Invoke(t.Context(), sandbox.Invocation{RequestID: "r", Event: []byte(`{"cpu_ms":1,"touch_mb":8}`), Timeout: long})
	if err != nil || r.Error != nil {
		t.Errorf("%v, %+v, log %q", err, r.Error, r.Log)
	}
}

// TestTimeoutSparesContainer: where each invocation is a process of its own, only
// that one ends, with what it has started.
func TestTimeoutSparesContainer(t *testing.T) {
	code := t.TempDir()
	write(t, filepath.Join(code, "fn.sh"), "#!/bin/sh\nsleep 60 & sleep 60\n", 0o755)
	f := codeOf(code)
	f.Runtime = function.Binary
	c, err := underTest(newRuntime(t, nil)).Create(t.Context(), sandbox.Spec{ID: "c1", Function: f, Memory: 256 << 20})
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		r, err := c.Invoke(t.Context(), sandbox.Invocation{RequestID: "r", Timeout: 50 * time.Millisecond})
		if err != nil || r.Lost || r.Error == nil || r.Error.Code != sandbox.CodeTimeout {
			t.Fatalf("%+v, %+v, %v, want a timeout that leaves the container alive", r, r.Error, err)
		}
	}
	if left := descendants(c.(*container).agent.process.Pid); len(left) > 0 {
		t.Errorf("processes %v are left", left)
	}
}

// TestMissingInterpreter: the runtime is named, and what was looked for.
func TestMissingInterpreter(t *testing.T) {
	withoutNode(t)
	sandboxtest.Build(t) // needs the PATH that there is
	t.Setenv("PATH", "/nowhere")
	f := codeOf(t.TempDir())
	f.Runtime, f.Handler = function.NodeJS, "app.handler"
	_, err := newRuntime(t, nil).Create(t.Context(), sandbox.Spec{ID: "c1", Function: f, Memory: 64 << 20})
	if !errors.Is(err, sandbox.ErrUnsupported) || !strings.Contains(err.Error(), "/nowhere/no-node") {
		t.Errorf("%v, want ErrUnsupported that names what was looked for", err)
	}
}
