package payment

import (
	"github.com/paymux/paymux"
	"github.com/paymux/paymux/routing"
)

// Known is what routing is told: what was learnt of accounts, and which quotas are full.
type Known struct {
	Learnt Learnt // nil: nothing was
	Quotas *Quotas
}

// Learnt is what outcomes teach.
type Learnt interface {
	Figures(account string, k routing.Kind) routing.Figures
	Health(merchant paymux.MerchantID, account string) routing.Health
}

var _ routing.Knowledge = Known{}

// Figures implements routing.Knowledge.
func (k Known) Figures(account string, kind routing.Kind) routing.Figures {
	if k.Learnt == nil {
		return routing.Figures{}
	}
	return k.Learnt.Figures(account, kind)
}

// Health implements routing.Knowledge.
func (k Known) Health(merchant paymux.MerchantID, account string) routing.Health {
	if k.Learnt == nil {
		return routing.Normal
	}
	return k.Learnt.Health(merchant, account)
}

// Full implements routing.Knowledge.
func (k Known) Full(account string, m paymux.Money, day int32) string {
	return k.Quotas.Full(account, m, day)
}
