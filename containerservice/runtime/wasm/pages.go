package wasm

import (
	"maps"
	"slices"
)

// granule is what memory is kept by: a few pages of the machine's, so that there are
// few parts.
const granule = 16 << 10

// pages is memory that is mostly zero, by granules; what is not there is zero.
type pages map[uint64]*[granule]byte

// write leaves out granules that are zero and were so before.
func (p *pages) write(at uint64, content []byte) {
	if *p == nil {
		*p = pages{}
	}
	var zero [granule]byte
	for len(content) > 0 {
		number, from := at/granule, at%granule
		n := min(uint64(len(content)), granule-from)
		g := (*p)[number]
		if g == nil && string(content[:n]) != string(zero[:n]) {
			g = new([granule]byte)
			(*p)[number] = g
		}
		if g != nil {
			copy(g[from:], content[:n])
		}
		at, content = at+n, content[n:]
	}
}

// image is nil if all is zero.
func (p pages) image() *image {
	if len(p) == 0 {
		return nil
	}
	m := &image{pages: p}
	for _, number := range slices.Sorted(maps.Keys(p)) {
		if n := len(m.parts); n > 0 && m.parts[n-1].At+m.parts[n-1].Length == number {
			m.parts[n-1].Length++
		} else {
			m.parts = append(m.parts, part{number, 1})
		}
	}
	return m
}
