package density

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Memory is the machine's, in bytes; a fall of it is positive where there is less
// available, or more in use.
type Memory struct {
	Available int64
	// What is used for, of kinds that the kernel counts by themselves: pages of
	// processes' own, shared memory and tmpfs, page tables, stacks and objects of
	// the kernel, and what it keeps for each CPU.
	Anonymous, Shared, PageTables, KernelStacks, KernelObjects, PerCPU int64
}

func (m Memory) minus(after Memory) Memory {
	return Memory{
		Available:     m.Available - after.Available,
		Anonymous:     after.Anonymous - m.Anonymous,
		Shared:        after.Shared - m.Shared,
		PageTables:    after.PageTables - m.PageTables,
		KernelStacks:  after.KernelStacks - m.KernelStacks,
		KernelObjects: after.KernelObjects - m.KernelObjects,
		PerCPU:        after.PerCPU - m.PerCPU,
	}
}

const (
	readings     = 9
	readingEvery = 200 * time.Millisecond
)

// settled is the median of several readings: other programs come and go.
func settled(ctx context.Context) (Memory, error) {
	debug.FreeOSMemory() // what this process could do without is not the containers'
	var all []Memory
	for range readings {
		m, err := readMemory()
		if err != nil {
			return Memory{}, err
		}
		all = append(all, m)
		if err := pause(ctx, readingEvery); err != nil {
			return Memory{}, err
		}
	}
	slices.SortFunc(all, func(a, b Memory) int { return int(a.Available - b.Available) })
	return all[len(all)/2], nil
}

func readMemory() (Memory, error) {
	file, err := os.Open("/proc/meminfo")
	if err != nil {
		return Memory{}, fmt.Errorf("read memory: %w", err)
	}
	defer file.Close()
	var m Memory
	kinds := map[string]*int64{
		"MemAvailable": &m.Available, "AnonPages": &m.Anonymous, "Shmem": &m.Shared, "PageTables": &m.PageTables,
		"KernelStack": &m.KernelStacks, "SUnreclaim": &m.KernelObjects, "Percpu": &m.PerCPU,
	}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		name, rest, _ := strings.Cut(lines.Text(), ":")
		if into := kinds[name]; into != nil {
			kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			*into = kib << 10
		}
	}
	if m.Available == 0 {
		return Memory{}, errors.New("read memory: /proc/meminfo has no MemAvailable; it takes Linux")
	}
	return m, nil
}
