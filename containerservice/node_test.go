package containerservice_test

import (
	"strconv"
	"strings"
	"testing"
)

func TestNodeEventsAndResults(t *testing.T) {
	a := load(t, testdata(t, "nodejs", "nodejs", "app.typed"))
	a.answers(t, `{"a":[1,null]}`, `{"event":{"a":[1,null]},"type":"object"}`)
	a.answers(t, "not json", `{"event":"not json","type":"string"}`)
	a.answers(t, "", `{"event":"","type":"string"}`)

	a = load(t, testdata(t, "nodejs", "nodejs", "app.identity"))
	a.answers(t, "\xff\x00", "\xff\x00") // bytes there and back
	a.answers(t, "é", "é")
	a.answers(t, "null", "null")
}

func TestNodeCallback(t *testing.T) {
	a := load(t, testdata(t, "nodejs", "nodejs", "app.callback"))
	a.answers(t, "x", "x")
	if r := a.invoke(t, "fail"); r.Error.Type != "RangeError" || r.Error.Message != "no" {
		t.Errorf("got %v", r)
	}
}

func TestNodeModules(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"mjs":         {"app.mjs": "export const handler = (e) => 'esm ' + e;"},
		"type module": {"app.js": "export const handler = (e) => 'esm ' + e;", "package.json": `{"type":"module"}`},
		"default":     {"app.mjs": "export default { handler: (e) => 'esm ' + e };"},
		"top await":   {"app.mjs": "const p = await Promise.resolve('esm '); export const handler = async (e) => p + e;"},
		"cjs":         {"app.cjs": "const { join } = require('./other.js'); exports.handler = (e) => join('esm ', e);", "other.js": "exports.join = (a, b) => a + b;"},
	} {
		t.Run(name, func(t *testing.T) {
			load(t, function(t, "nodejs", "app.handler", files)).answers(t, "x", "esm x")
		})
	}
}

func TestNodeExceptions(t *testing.T) {
	a := load(t, testdata(t, "nodejs", "nodejs", "app.handler"))
	other := a.background(t, "other", "sleep 300")
	for _, verb := range []string{"fail", "later", "reject"} {
		r := a.invoke(t, verb+" no way")
		e := r.Error
		if e.Type != "RangeError" || e.Message != "no way" || r.ContainerLost {
			t.Errorf("%s: %v", verb, r)
		}
		if !strings.Contains(e.StackTrace, "app.js:") || strings.Contains(e.StackTrace, "stdin") {
			t.Errorf("%s: trace:\n%s", verb, e.StackTrace)
		}
	}
	if o := <-other; o.err != nil || string(o.reply.Body) != "slept" {
		t.Errorf("other: %v, %v", o.reply, o.err)
	}
}

func TestNodeBusyLoopIsKilled(t *testing.T) {
	a := load(t, testdata(t, "nodejs", "nodejs", "app.handler"))
	pid, _ := strconv.Atoi(string(a.invoke(t, "pid").Body))
	end := a.background(t, "spin", "spin")
	a.ends(t, "spin", end, true)
	gone(t, pid)
}
