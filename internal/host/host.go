// Package host reads what the kernel says of this machine.
package host

import (
	"bufio"
	"os"
	"strconv"
	"strings"
)

// AvailableMemory is the memory that new programs can use without swapping, in
// bytes; 0 where the kernel does not say.
func AvailableMemory() int64 { return meminfo("MemAvailable:") }

// TotalMemory is the machine's memory in bytes.
func TotalMemory() int64 { return meminfo("MemTotal:") }

func meminfo(key string) int64 {
	file, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), key); ok {
			kib, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 10, 64)
			return kib << 10
		}
	}
	return 0
}

// Pressure is the share of the last 10 s, in percent, in which some task waited
// for the resource (cpu, memory or io); -1 where the kernel does not say.
func Pressure(resource string) float64 {
	text, err := os.ReadFile("/proc/pressure/" + resource)
	if err != nil {
		return -1
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 || fields[0] != "some" {
		return -1
	}
	pct, err := strconv.ParseFloat(strings.TrimPrefix(fields[1], "avg10="), 64)
	if err != nil {
		return -1
	}
	return pct
}
