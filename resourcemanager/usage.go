package resourcemanager

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/minifaas/minifaas/resourcemanager/ledger"
)

func (st *store) readUsage() []ledger.Reservation {
	f, err := os.Open(st.usagePath())
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }()
	var over []ledger.Reservation
	seen := map[string]bool{} // a line may be there twice, see rewrite
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var r ledger.Reservation
		if json.Unmarshal(lines.Bytes(), &r) == nil && r.Over() && !seen[r.ID] { // a torn line is none
			seen[r.ID] = true
			over = append(over, r)
		}
	}
	return over
}

func (st *store) usagePath() string { return filepath.Join(st.dir, "usage.jsonl") }

// appendUsage adds a reservation that is over, and reports whether the file
// has grown to more than most lines, so that it should be rewritten.
func (st *store) appendUsage(r ledger.Reservation, most int) (full bool, err error) {
	line, err := json.Marshal(r)
	if err != nil {
		return false, err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.closed {
		return false, nil
	}
	if _, err := st.usage.Write(append(line, '\n')); err != nil {
		return false, err
	}
	st.lines++
	return st.lines > most, nil
}

// rewrite replaces the reservations that are over by those of view, which is
// called when nobody else writes: it lists all that were appended before, and
// perhaps some that will be appended once more.
func (st *store) rewrite(view func() []ledger.Reservation) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.closed {
		return nil
	}
	over := view()
	var all bytes.Buffer
	for _, r := range over {
		line, err := json.Marshal(r)
		if err != nil {
			return err
		}
		all.Write(append(line, '\n'))
	}
	if err := replaceFile(st.usagePath(), all.Bytes()); err != nil {
		return err
	}
	usage, err := os.OpenFile(st.usagePath(), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	if st.usage != nil {
		_ = st.usage.Close()
	}
	st.usage, st.lines = usage, len(over)
	return nil
}
