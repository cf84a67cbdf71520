package main

import (
	"os"

	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/internal/config"
)

type compareCommand struct {
	outputFlags
	Files []string `arg:"" placeholder:"FILE" help:"JSON of bench contest, sim or replay (-o json)."`
}

// Help is printed below the flags.
func (*compareCommand) Help() string {
	return `A scheduler that is in several files is compared with itself in the first of them;
all others with the first scheduler that is not the baseline.

  minifaas bench compare before.json after.json
  minifaas bench compare contest.json        # the schedulers of one contest`
}

func (c *compareCommand) Run(file *config.File) error {
	if err := check(file); err != nil {
		return err
	}
	var sides []report.Side
	for _, name := range c.Files {
		read, err := readSides(name)
		if err != nil {
			return err
		}
		sides = append(sides, read...)
	}
	return report.Compare(os.Stdout, report.Format(c.Output), sides)
}

func readSides(name string) ([]report.Side, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return report.ReadSides(name, file)
}
