package host

import (
	"math"
	"testing"
)

func TestMemory(t *testing.T) {
	total, available := TotalMemory(), AvailableMemory()
	if total < 1<<26 || available <= 0 || available > total {
		t.Errorf("%d of %d bytes available", available, total)
	}
	if got := meminfo("NoSuchLine:"); got != 0 {
		t.Errorf("an unknown line: %d, want 0", got)
	}
}

func TestPressure(t *testing.T) {
	for _, resource := range []string{"cpu", "memory", "io"} {
		// -1 where the kernel does not say.
		if p := Pressure(resource); math.IsNaN(p) || p > 100 || p < 0 && p != -1 {
			t.Errorf("%s: %v", resource, p)
		}
	}
	if p := Pressure("no-such-resource"); p != -1 {
		t.Errorf("an unknown resource: %v, want -1", p)
	}
}
