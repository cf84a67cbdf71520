package telemetry

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestMergedOverLongPaths: a folder's path may be longer than a socket's address,
// and a killed process may have left its socket.
func TestMergedOverLongPaths(t *testing.T) {
	folder := filepath.Join(t.TempDir(), strings.Repeat("long", 30), "metrics")
	socket := filepath.Join(folder, "node.sock")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(socket, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := ServeMetrics(ctx, "unix:"+socket, NewRegistry(), func() error { return nil }); err != nil {
			t.Error(err)
		}
	})
	names := map[string]bool{}
	for deadline := time.Now().Add(10 * time.Second); !names["go_goroutines"]; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no metrics from the process")
		}
		families, err := Merged(folder).Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			names[f.GetName()] = true
			if label := f.GetMetric()[0].GetLabel(); label[len(label)-1].GetValue() != "node" {
				t.Fatalf("%s has no label process=node: %v", f.GetName(), label)
			}
		}
	}
	cancel()
	serving.Wait()
	if _, err := os.Stat(socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is left: %v", err)
	}
}
