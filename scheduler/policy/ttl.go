package policy

import (
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// ttl keeps an idle container for a fixed time, as most platforms do; when
// memory runs out before, the longest idle one goes.
type ttl struct {
	plain
	keep time.Duration
}

var _ engine.Policy = ttl{}

var ttlEntries = []entry{
	{
		Info{
			"ttl-60", familyKeepAlive,
			"An idle container is kept for 60 s.",
			"Joosen et al., How Does It Function? (Huawei), SoCC 2023",
		},
		func(p plain) engine.Policy { return ttl{p, 60 * time.Second} },
	},
	{
		Info{
			"ttl-600", familyKeepAlive,
			"An idle container is kept for 600 s.",
			"the default of Apache OpenWhisk; AWS Lambda as measured by Shahrad et al., Serverless in the Wild, ATC 2020",
		},
		func(p plain) engine.Policy { return ttl{p, 600 * time.Second} },
	},
	{
		Info{
			"ttl-inf", familyKeepAlive,
			"An idle container is kept until its memory is needed; then the longest idle one goes.",
			"the limit of fixed keep-alive in Shahrad et al., Serverless in the Wild, ATC 2020",
		},
		func(p plain) engine.Policy { return ttl{p, engine.Forever} },
	},
}

func (t ttl) KeepContainer(engine.Instant, *engine.FunctionView, *engine.ContainerView) time.Duration {
	return t.keep
}
