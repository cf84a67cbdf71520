package report

import (
	"fmt"
	"io"

	"github.com/minifaas/minifaas/bench/density"
)

// Density writes what idle containers cost.
func Density(w io.Writer, format Format, runtime string, r *density.Result, notes []string) error {
	if format == JSON {
		return writeJSON(w, newDensity(runtime, r))
	}
	p := &page{w: w}
	if r.Fall != nil {
		p.table(densityTable(r))
		p.printf("\n")
	}
	p.printf("%s of %s, %s frozen; created in %s; %s answered a call, in %s\n",
		plural(r.Containers, "container"), runtime, count(r.Frozen), human(r.Creation), count(r.Answered), human(r.Calls))
	if r.Failure != "" {
		p.printf("note: the first call that failed: %s\n", r.Failure)
	}
	if disturbed(r) {
		p.printf("note: the fall is far from what the containers were charged: other programs took memory, or gave some back; measure again on a quiet machine\n")
	}
	if r.Partial {
		p.printf("note: partial: interrupted\n")
	}
	p.notes(notes)
	return p.done()
}

// disturbed: what is charged leaves out some of the kernel's memory and the node's own,
// a tenth or so, and has the pages of files in it; a quarter is other programs'.
func disturbed(r *density.Result) bool {
	if r.Fall == nil || r.Charged == 0 {
		return false
	}
	difference := r.Fall.Available - r.Charged
	return max(difference, -difference) > r.Charged/4
}

func densityTable(r *density.Result) *table {
	t := &table{}
	t.add("memory", "all", "a container")
	row := func(name string, bytes int64) {
		t.add(name, mebibytes(bytes), kibibytes(bytes/int64(max(1, r.Containers))))
	}
	row("fall of the machine's available memory", r.Fall.Available)
	row("  pages of processes' own", r.Fall.Anonymous)
	row("  shared memory and tmpfs", r.Fall.Shared)
	row("  page tables", r.Fall.PageTables)
	row("  stacks of the kernel", r.Fall.KernelStacks)
	row("  objects of the kernel", r.Fall.KernelObjects)
	row("  kept for each CPU", r.Fall.PerCPU)
	row("charged to the node's cgroup", r.Charged)
	return t
}

func mebibytes(n int64) string { return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20)) }
func kibibytes(n int64) string { return fmt.Sprintf("%.0f KiB", float64(n)/(1<<10)) }

type densityResult struct {
	Runtime    string `json:"runtime"`
	Containers int    `json:"containers"`
	// MemoryBytes is the fall of the machine's available memory; null: not measured.
	MemoryBytes  *int64  `json:"memory_bytes"`
	Answered     int     `json:"answered"`
	Frozen       int     `json:"frozen"`
	ChargedBytes int64   `json:"charged_bytes"`
	CreationS    float64 `json:"creation_s"`
	CallsS       float64 `json:"calls_s"`
	Partial      bool    `json:"partial"`
}

func newDensity(runtime string, r *density.Result) densityResult {
	d := densityResult{
		Runtime: runtime, Containers: r.Containers, Answered: r.Answered, Frozen: r.Frozen,
		ChargedBytes: r.Charged, CreationS: r.Creation.Seconds(), CallsS: r.Calls.Seconds(), Partial: r.Partial,
	}
	if r.Fall != nil {
		d.MemoryBytes = &r.Fall.Available
	}
	return d
}
