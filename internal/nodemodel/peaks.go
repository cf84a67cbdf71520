package nodemodel

import (
	"cmp"
	"slices"
)

// peaks finds the most memory that a container used since a call began, without
// telling every call of every rise. It holds the rises that no later one has
// reached, so the oldest of them since some moment is the highest since then.
type peaks []rise

type rise struct {
	seq  uint64 // of the call that caused it
	used int64
}

// rose notes that a call has brought the container to used.
func (p *peaks) rose(seq uint64, used int64) {
	for len(*p) > 0 && (*p)[len(*p)-1].used <= used {
		*p = (*p)[:len(*p)-1]
	}
	*p = append(*p, rise{seq, used})
}

// since is the peak since the call of that seq began, itself included.
func (p peaks) since(seq uint64) int64 {
	i, _ := slices.BinarySearchFunc(p, seq, func(r rise, seq uint64) int { return cmp.Compare(r.seq, seq) })
	return p[i].used
}
