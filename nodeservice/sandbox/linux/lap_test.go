package linux

import (
	"fmt"
	"testing"
)

func TestLaps(t *testing.T) {
	r := newRuntime(t, nil)
	for i := range 8 {
		c := enterContainer(t, r, fmt.Sprint("c", i), 256<<20)
		c.Kill()
		t.Log(c.agent.errors.String())
	}
}
