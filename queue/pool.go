package queue

import "time"

// pool is a number of slots and the lanes that wait for one, in turn.
type pool struct {
	free  int
	lanes []*lane
}

func (p *pool) push(l *lane) {
	l.queued = true
	p.lanes = append(p.lanes, l)
}

func (p *pool) shift() *lane {
	l := p.lanes[0]
	p.lanes[0] = nil
	p.lanes = p.lanes[1:]
	l.queued = false
	return l
}

// next picks the lane whose turn it is by deficit round robin, charged in slot
// time: a lane whose calls take long is served the more rarely. Lanes for which
// fits is false leave the pool through leave.
func (p *pool) next(limit time.Duration, fits func(*lane) bool, leave func(*lane)) *lane {
	for p.free > 0 && len(p.lanes) > 0 {
		l := p.lanes[0]
		switch {
		case !fits(l):
			leave(p.shift())
		case l.credit < min(l.cost, limit):
			l.credit += quantum
			p.push(p.shift())
		default:
			return l
		}
	}
	return nil
}
