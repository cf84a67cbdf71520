package trace

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/minifaas/minifaas/internal/portable"
)

// Columns of the three files.
const (
	hashFunction  = "HashFunction"
	hashApp       = "HashApp"
	averageMemory = "AverageAllocatedMb"
	medianMemory  = "AverageAllocatedMb_pct50"
)

// percentiles of execution times that the durations file has.
var percentiles = [...]float64{0, 1, 25, 50, 75, 99, 100}

// azure2019 is the trace as it was read.
type azure2019 struct {
	seed      uint64
	length    time.Duration // 0: all
	functions []azureFunction
	index     map[string]int // of functions by HashFunction
	minutes   [][]cell
}

// azureFunction is one row of the invocations file and what belongs to it.
type azureFunction struct {
	hash, app string
	// logs are the logarithms of the percentiles of its execution time, in ms.
	// They are what the calls are drawn from.
	logs [len(percentiles)]float64
	// longest execution in ms; 0: not in the durations file.
	longest float64
	// memory in MiB; 0: not in the memory file.
	memory float64
}

// cell is how often a function is called in a minute.
type cell struct{ function, calls uint32 }

func newAzure2019(opts Options) *azure2019 {
	return &azure2019{seed: cmp.Or(opts.Seed, 1), length: opts.Length, index: make(map[string]int)}
}

func (a *azure2019) readInvocations(t *table) error {
	function, app := t.column(hashFunction), t.column(hashApp)
	first, err := firstMinute(t.header)
	if err != nil {
		return fmt.Errorf("line 1: %w", err)
	}
	if function < 0 {
		return fmt.Errorf("line 1: column %s is missing", hashFunction)
	}
	a.minutes = make([][]cell, len(t.header)-first)
	if a.length > 0 { // what comes later is not needed
		a.minutes = a.minutes[:min(len(a.minutes), int((a.length+time.Minute-1)/time.Minute))]
	}
	err = t.each(func() error {
		f := azureFunction{}
		var err error
		if f.hash, err = t.text(function); err != nil {
			return err
		}
		if _, ok := a.index[f.hash]; ok {
			return fmt.Errorf("%s %s is there twice", hashFunction, f.hash)
		}
		if app >= 0 {
			f.app = strings.Clone(t.row[app])
		}
		i := len(a.functions)
		a.index[f.hash] = i
		a.functions = append(a.functions, f)
		return a.readMinutes(t, first, uint32(i))
	})
	if err == nil && len(a.functions) == 0 {
		return errors.New("there is no function after the header")
	}
	return err
}

func (a *azure2019) readMinutes(t *table, first int, function uint32) error {
	for m := range a.minutes {
		column := first + m
		if t.row[column] == "0" { // most of them
			continue
		}
		n, err := t.number(column, maxCalls)
		if err != nil {
			return err
		}
		if n != math.Trunc(n) {
			return fmt.Errorf("minute %s: %v calls are not a whole number", t.header[column], n)
		}
		if n > 0 {
			a.minutes[m] = append(a.minutes[m], cell{function: function, calls: uint32(n)})
		}
	}
	return nil
}

// firstMinute is where the columns of the minutes begin. After the first one
// there is nothing but minutes, each the next of the day.
func firstMinute(header []string) (int, error) {
	first, minute := -1, 0
	for i, name := range header {
		n, err := strconv.Atoi(name)
		switch {
		case first < 0 && err == nil:
			first, minute = i, n
		case first < 0 && (name == "HashOwner" || name == hashApp || name == hashFunction || name == "Trigger"):
		case first < 0:
			return 0, fmt.Errorf("unknown column %.60q: want HashOwner, %s, %s, Trigger and the minutes", name, hashApp, hashFunction)
		case err != nil || n != minute+i-first:
			return 0, fmt.Errorf("column %q: want minute %d", name, minute+i-first)
		}
	}
	if first < 0 {
		return 0, errors.New("there is no column for a minute")
	}
	return first, nil
}

func (a *azure2019) readDurations(t *table) error {
	names := make([]string, len(percentiles))
	for i, p := range percentiles {
		names[i] = fmt.Sprintf("percentile_Average_%v", p)
	}
	at, err := t.columns(append(names, hashFunction)...)
	if err != nil {
		return err
	}
	return t.each(func() error {
		var longest float64
		var logs [len(percentiles)]float64
		for i := range percentiles {
			ms, err := t.number(at[i], maxLength.Seconds()*1000)
			if err != nil {
				return err
			}
			longest = max(longest, ms, 1) // the file rounds to ms; and percentiles do not fall
			logs[i] = portable.Log(longest)
		}
		if i, ok := a.index[t.row[at[len(percentiles)]]]; ok {
			a.functions[i].logs, a.functions[i].longest = logs, longest
		}
		return nil
	})
}

// readMemory reads the memory file, which goes by application, or by function
// where it was sampled for a benchmark.
func (a *azure2019) readMemory(t *table) error {
	key, ofApp := t.column(hashFunction), false
	if key < 0 {
		key, ofApp = t.column(hashApp), true
	}
	at := t.column(medianMemory)
	if at < 0 {
		at = t.column(averageMemory)
	}
	if key < 0 {
		return fmt.Errorf("line 1: column %s is missing", hashApp)
	}
	ofKey := make(map[string]float64)
	err := t.each(func() error {
		mb, err := t.number(at, maxMemoryMB)
		if err != nil {
			return err
		}
		ofKey[strings.Clone(t.row[key])] = max(mb, 1)
		return nil
	})
	for i := range a.functions {
		f := &a.functions[i]
		if f.memory = ofKey[f.hash]; ofApp {
			f.memory = ofKey[f.app]
		}
	}
	return err
}
