package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

// TestEditedWhileUp: processes that start after an edit serve what the others serve, even if
// the edit is one that no platform would start with.
func TestEditedWhileUp(t *testing.T) {
	var folder string
	p := startTest(t, "", func(cfg *platformConfig) {
		folder = cfg.sandbox.Functions
		writeFunction(t, cfg, "edited/function.yaml", "runtime: binary\nhandler: run\n")
		writeFunction(t, cfg, "edited/run", "#!/bin/sh\necho first\n")
	})
	c := newCaller(t, p)
	called := func(after string) {
		t.Helper()
		eventually(t, "an answer after "+after, func() bool {
			reply, err := c.invoke(context.Background(), "edited", "")
			if err == nil && string(reply.GetBody()) != "first\n" {
				t.Errorf("after %s: %q", after, reply.GetBody())
			}
			return err == nil
		})
	}
	for file, text := range map[string]string{"run": "#!/bin/sh\necho second\n", "function.yaml": "runtime: [no\n"} {
		if err := os.WriteFile(filepath.Join(folder, "edited", file), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	called("the edit")
	p.killService(t, "apiserver")
	called("the APIServer's death")
	kill(t, p.nodeBehind(t, p.mustStatus(t).GetNodes()[0]).pid)
	called("the node's death")
}
