package main

import (
	"bytes"
	"io"
	"strings"

	"github.com/minifaas/minifaas/bench/report"
)

// returnFailed is in each line that an APIServer logs of a return that the scheduler did
// not take: callers never hear of it.
const returnFailed = "return container failed"

// logged is how many bytes the services have logged.
func (s *stage) logged() int64 {
	info, err := s.log.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}

// failedReturns are the returns that a scheduler did not take, by what the services have
// logged behind so many bytes; nil for none.
func (s *stage) failedReturns(behind int64) *report.Trouble {
	text, err := io.ReadAll(io.NewSectionReader(s.log, behind, max(0, s.logged()-behind)))
	if err != nil {
		return nil
	}
	found := &report.Trouble{Kind: "calls of ReturnContainer that failed, or had no answer within 5 s: the scheduler does not know that these containers are free"}
	for line := range bytes.Lines(text) {
		if !bytes.Contains(line, []byte(returnFailed)) {
			continue
		}
		if found.Count++; found.Count == 1 {
			found.First = strings.TrimSpace(strings.ToValidUTF8(string(line), "?"))
		}
	}
	if found.Count == 0 {
		return nil
	}
	return found
}
