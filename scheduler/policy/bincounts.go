package policy

import "github.com/minifaas/minifaas/scheduler/engine"

// binCounts is a histogram of minutes, with what its moments need.
type binCounts struct {
	counts         [histogramBins]uint32
	total, squares int64 // of the counts
	sum, sumSquare int64 // of the minutes
}

func (b *binCounts) add(bin int) {
	n := &b.counts[bin]
	b.squares += 2*int64(*n) + 1
	*n++
	b.total++
	b.sum += int64(bin)
	b.sumSquare += int64(bin) * int64(bin)
}

// shaped: the squared coefficient of variation of the counts, that is their
// sample variance by the square of their mean, is no less than the threshold.
func (b *binCounts) shaped() bool {
	if b.total == 0 {
		return false
	}
	const n = histogramBins
	spread, total := float64(n*b.squares-b.total*b.total), float64(b.total)
	return spread*n/(n-1)/total/total >= leastSquaredCV
}

// percentile is the first bin up to which so many percent are counted.
func (b *binCounts) percentile(p int64) int {
	return b.firstWith(func(counted int64) bool { return percent*counted >= p*b.total })
}

// above is the first bin up to which more than so many percent are counted.
func (b *binCounts) above(p int64) int {
	return b.firstWith(func(counted int64) bool { return percent*counted > p*b.total })
}

func (b *binCounts) firstWith(enough func(counted int64) bool) int {
	counted := int64(0)
	for bin, n := range b.counts {
		if counted += int64(n); enough(counted) {
			return bin
		}
	}
	return histogramBins - 1
}

// state writes the counts that are not zero: most are.
func (b *binCounts) state(c *engine.Codec) {
	used := 0
	for _, n := range b.counts {
		if n > 0 {
			used++
		}
	}
	used = c.Len(used)
	bin := 0
	for range used {
		for !c.Reading() && b.counts[bin] == 0 {
			bin++
		}
		engine.Int(c, &bin)
		if bin < 0 || bin >= histogramBins {
			c.Fail("no bin %d", bin)
			return
		}
		engine.Int(c, &b.counts[bin])
		bin++
	}
	for _, v := range []*int64{&b.total, &b.squares, &b.sum, &b.sumSquare} {
		engine.Int(c, v)
	}
}
