package engine

// Visited is how many objects the last Step looked at.
func (e *Engine) Visited() int { return e.visited }
