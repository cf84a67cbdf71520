package host

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clockTick is the unit of /proc/stat: the kernel shows 100 of them a second whatever it
// counts in.
const clockTick = 10 * time.Millisecond

// WatchOthers returns a function that tells which share of this machine's CPU others have taken
// since: other programs, the kernel, and whoever else uses the hardware. What this process did is
// not counted, nor its children once they have been waited for. It is 0 where the kernel does not say.
func WatchOthers() func() float64 {
	begin := others()
	return func() float64 {
		end := others()
		all := end.all - begin.all
		if all <= 0 {
			return 0
		}
		return max((end.taken-begin.taken).Seconds()/all.Seconds(), 0)
	}
}

// times are of all CPUs, since the machine started.
type times struct{ all, taken time.Duration }

func others() times {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return times{}
	}
	line, _, _ := strings.Cut(string(text), "\n")
	var t times
	for i, field := range strings.Fields(line) { // cpu user nice system idle iowait irq softirq steal guest...
		if i == 0 || i > 8 { // guests' is in user's
			continue
		}
		n, _ := strconv.ParseInt(field, 10, 64)
		spent := time.Duration(n) * clockTick
		if t.all += spent; i != 4 && i != 5 {
			t.taken += spent
		}
	}
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var own syscall.Rusage
		if err := syscall.Getrusage(who, &own); err == nil {
			t.taken -= time.Duration(own.Utime.Nano() + own.Stime.Nano())
		}
	}
	return t
}
