package natsserver

import (
	"fmt"

	"github.com/nats-io/nkeys"

	"github.com/paymux/paymux"
)

// NewUser makes the nkey of a user: the seed is its secret, public is what servers know of it.
func NewUser() (seed paymux.Secret, public string, err error) {
	pair, err := nkeys.CreateUser()
	if err != nil {
		return "", "", fmt.Errorf("make an nkey: %w", err)
	}
	text, err := pair.Seed()
	if err != nil {
		return "", "", fmt.Errorf("make an nkey: %w", err)
	}
	public, err = pair.PublicKey()
	if err != nil {
		return "", "", fmt.Errorf("make an nkey: %w", err)
	}
	return paymux.Secret(text), public, nil
}
