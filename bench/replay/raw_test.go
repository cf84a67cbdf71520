package replay

import (
	"bytes"
	"encoding/csv"
	"testing"
	"time"
)

// TestRawRecordsOfUnanswered: nobody knows whether they ran.
func TestRawRecordsOfUnanswered(t *testing.T) {
	for _, test := range []struct {
		rec                  Record
		start, wait, refused string
	}{
		{Record{Sent: true, Container: "c", Schedule: time.Millisecond}, "hot", "1000", "false"},
		{Record{Sent: true, Error: Unfinished}, "", "", "false"},
		{Record{Sent: true, Error: SchedulerGone}, "", "", "false"},
		{Record{Error: SchedulerGone}, "", "", "true"},
		{Record{Sent: true, Error: "Internal"}, "hot", "0", "true"},
		{Record{Sent: true, Error: "Aborted"}, "hot", "0", "false"},
		{Record{Sent: true, Error: "Timeout", Container: "c", ColdStart: true}, "cold", "0", "false"},
	} {
		var text bytes.Buffer
		w := newRawWriter(&text, 0)
		w.add(&test.rec)
		if err := w.flush(); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&text).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		rec := map[string]string{}
		for i, name := range rawHeader {
			rec[name] = rows[1][i]
		}
		if rec["startType"] != test.start || rec["waitTime"] != test.wait || rec["connectionTimeout"] != test.refused {
			t.Errorf("%+v: %v", test.rec, rec)
		}
	}
}
