package resourcemanager

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// Nominal says so when the nodes together promise more than this machine has;
// else it is empty.
func Nominal(nodes int, cpu, memory int64) string {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return ""
	}
	return compareNominal(int64(nodes)*cpu, int64(nodes)*memory, int64(runtime.NumCPU()), int64(info.Totalram)*int64(info.Unit))
}

func compareNominal(cpu, memory, cores, ram int64) string {
	const gib = 1 << 30
	if cpu <= 1000*cores && memory <= ram {
		return ""
	}
	return fmt.Sprintf("nominal %.4g vCPU, %.3g GiB on %d cores, %.3g GiB",
		float64(cpu)/1000, float64(memory)/gib, cores, float64(ram)/gib)
}
