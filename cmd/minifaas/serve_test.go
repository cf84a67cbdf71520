package main

import (
	"net"
	"runtime"
	"testing"
)

// coresOf is how many cores the processes of a platform use at once.
func coresOf(t *testing.T) map[string]float64 {
	t.Helper()
	p := startTest(t, "", nil)
	eventually(t, "metrics are served", func() bool {
		conn, err := net.Dial("tcp", p.endpoint(metricsPort))
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	const name = "go_sched_gomaxprocs_threads"
	cores := map[string]float64{}
	for _, process := range []string{"apiserver", "scheduler", "resourcemanager", "n01"} {
		cores[process] = p.gauges(t, name)[process+" "+name]
	}
	return cores
}

// TestServicesLeaveCores that only hand on what others say; a node waits for its kernel, and is
// to do other things meanwhile.
func TestServicesLeaveCores(t *testing.T) {
	t.Setenv("GOMAXPROCS", "")
	ours := runtime.GOMAXPROCS(0)
	runtime.SetDefaultGOMAXPROCS() // as in a process of its own: a container's limit counts
	all := runtime.GOMAXPROCS(ours)
	half := max(1, all/2)
	cores := coresOf(t)
	for process, want := range map[string]int{"apiserver": half, "scheduler": half, "resourcemanager": all, "n01": all} {
		if got := int(cores[process]); got != want {
			t.Errorf("%s uses %d of %d cores, want %d", process, got, all, want)
		}
	}
}

// TestCoresByEnvironment: who says how many gets as many.
func TestCoresByEnvironment(t *testing.T) {
	t.Setenv("GOMAXPROCS", "3")
	if cores := coresOf(t); cores["apiserver"] != 3 || cores["scheduler"] != 3 {
		t.Errorf("with GOMAXPROCS=3: %v", cores)
	}
}
