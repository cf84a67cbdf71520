package engine

import (
	"errors"
	"fmt"
	"time"
)

// Config holds the engine's settings. The zero value of a field means its default.
type Config struct {
	// QueueLimit is how many requests may wait for one function; more are
	// refused. Default 1000. A policy that binds has no queue, hence no limit.
	QueueLimit int
	// TenantQueueLimit is how many requests of one account may wait, for all of
	// its functions together; more are refused. Default 10,000: ten full queues,
	// and a few megabytes.
	TenantQueueLimit int
	// MaxWait is the longest that a request waits for a container. Default 60 s.
	// The caller's own deadline bounds it too.
	MaxWait time.Duration
	// LeaseGrace is what a lease lasts beyond the function's timeout. Default 5 s.
	LeaseGrace time.Duration
	// DefaultTimeout stands in for a function's timeout of 0. Default 60 s.
	DefaultTimeout time.Duration
	// DefaultMemory stands in for a function's memory of 0, in bytes. Default 128 MiB.
	DefaultMemory Bytes
	// CreateAttempts is how many failed rounds of creation a request survives
	// when nothing else can serve it. Default 3.
	CreateAttempts int
	// ReserveRetry is how long no node is asked for after one could not be
	// had; NodeAvailable ends it early. Default 500 ms.
	ReserveRetry time.Duration
	// Decisions is how many answered requests Decision knows of, each in about
	// 350 bytes. Default 0: it costs a copy at every grant.
	Decisions int
	// Resize: nodes can raise the limit of a container that runs. The contest's can't.
	Resize bool
	// Seed marks the names of this engine's containers. Give every life of a
	// scheduler another one, so that names on an adopted node don't collide. Default 0.
	Seed uint64
}

// Validate reports every fault at once.
func (c Config) Validate() error {
	var errs []error
	nonNegative := func(name string, v int64) {
		if v < 0 {
			errs = append(errs, fmt.Errorf("%s: must not be negative, is %d", name, v))
		}
	}
	nonNegative("queue limit", int64(c.QueueLimit))
	nonNegative("tenant queue limit", int64(c.TenantQueueLimit))
	nonNegative("decisions", int64(c.Decisions))
	nonNegative("maximum wait", int64(c.MaxWait))
	nonNegative("lease grace", int64(c.LeaseGrace))
	nonNegative("default timeout", int64(c.DefaultTimeout))
	nonNegative("default memory", int64(c.DefaultMemory))
	nonNegative("create attempts", int64(c.CreateAttempts))
	nonNegative("reserve retry", int64(c.ReserveRetry))
	return errors.Join(errs...)
}

func (c Config) withDefaults() Config {
	orDefault(&c.QueueLimit, 1000)
	orDefault(&c.TenantQueueLimit, 10_000)
	orDefault(&c.MaxWait, 60*time.Second)
	orDefault(&c.LeaseGrace, 5*time.Second)
	orDefault(&c.DefaultTimeout, 60*time.Second)
	orDefault(&c.DefaultMemory, 128<<20)
	orDefault(&c.CreateAttempts, 3)
	orDefault(&c.ReserveRetry, 500*time.Millisecond)
	return c
}

func orDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}
