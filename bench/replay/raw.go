package replay

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"time"
)

// rawWriter writes one line of CSV for each call, with the field names of the
// InVitro loader (github.com/vhive-serverless/invitro, pkg/metric/record.go), so
// that what reads its files reads ours. Times are in µs, startTime since 1970,
// and memory in MiB, as there. The last three fields are ours. A call without an
// answer has no instance, startType and waitTime: what became of it nobody knows.
type rawWriter struct {
	csv    *csv.Writer
	warmUp time.Duration
}

var rawHeader = []string{
	"phase", "instance", "invocationID", "functionName", "startTime", "requestedDuration", "grpcConnEstablish", "responseTime", "actualDuration",
	"connectionTimeout", "functionTimeout", "actualMemoryUsage", "memoryAllocationTimeout", "startType", "waitTime",
	"offset", "late", "error",
}

// Phases of a run, as InVitro numbers them.
const (
	warmUpPhase    = 1
	executionPhase = 2
)

func newRawWriter(w io.Writer, warmUp time.Duration) *rawWriter {
	r := &rawWriter{csv.NewWriter(w), warmUp}
	_ = r.csv.Write(rawHeader) // flush reports what went wrong
	return r
}

func (w *rawWriter) add(r *Record) {
	micros := func(d time.Duration) string { return strconv.FormatInt(d.Microseconds(), 10) }
	phase := executionPhase
	if r.Offset < w.warmUp {
		phase = warmUpPhase
	}
	start, wait := "hot", micros(r.Schedule)
	switch {
	case !r.answered():
		start, wait = "", ""
	case r.ColdStart:
		start = "cold"
	}
	_ = w.csv.Write([]string{
		strconv.Itoa(phase), r.Container, r.RequestID, r.Function, strconv.FormatInt(r.Intended.UnixMicro(), 10), micros(r.Work),
		"0", // the connection is made before the first call
		micros(r.Response), micros(r.Execution),
		strconv.FormatBool(!r.Sent || r.Refused()), strconv.FormatBool(r.Error == "Timeout"),
		strconv.FormatInt(r.MaxMemory>>20, 10), strconv.FormatBool(r.Error == "OutOfMemory"), start, wait,
		micros(r.Offset), micros(r.Late), r.Error,
	})
}

// flush writes out what is left and reports the first error of all.
func (w *rawWriter) flush() error {
	w.csv.Flush()
	if err := w.csv.Error(); err != nil {
		return fmt.Errorf("write raw records: %w", err)
	}
	return nil
}
