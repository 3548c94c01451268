package channel

import "slices"

// Accounts is a set of accounts as they are at one moment, in their configured order. It is immutable.
type Accounts struct {
	list   []*Account
	byName map[string]*Account
}

// NewAccounts returns the set of a list, whose names are unique.
func NewAccounts(list ...*Account) *Accounts {
	a := &Accounts{list: slices.Clone(list), byName: make(map[string]*Account, len(list))}
	for _, account := range list {
		a.byName[account.Name] = account
	}
	return a
}

// Named returns the account of a name, nil where there is none.
func (a *Accounts) Named(name string) *Account { return a.byName[name] }

// All lists the accounts. The caller changes nothing in it.
func (a *Accounts) All() []*Account { return a.list }
