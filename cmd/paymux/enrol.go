package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/access"
)

// enrolment is who is known to a development deployment: one merchant with a
// bearer key and a signing key, and the operator. It is made once and kept beside the data.
type enrolment struct {
	Merchant      paymux.MerchantID `yaml:"merchant,omitempty"`
	BearerKey     paymux.KeyID      `yaml:"bearer_key,omitempty"`
	Bearer        string            `yaml:"bearer"`
	SigningKey    paymux.KeyID      `yaml:"signing_key,omitempty"`
	SigningSecret string            `yaml:"signing_secret"`
	OpsToken      string            `yaml:"ops_token"`

	path string
}

func keptEnrolment(path string) (*enrolment, error) {
	text, err := kept(path, func() ([]byte, error) {
		secret, _, _ := access.NewBearer(false)
		return yaml.Marshal(enrolment{
			Bearer: secret.Reveal(), SigningSecret: access.NewHMAC().Reveal(), OpsToken: "ops_" + rand.Text(),
		})
	})
	if err != nil {
		return nil, err
	}
	e := &enrolment{path: path}
	if err := yaml.Unmarshal(text, e); err != nil || e.Bearer == "" || e.SigningSecret == "" || e.OpsToken == "" {
		return nil, fmt.Errorf("%s cannot be read; remove it to have new keys made", path)
	}
	return e, nil
}

// profile is what the other commands need to act as the merchant and the operator.
func (e *enrolment) profile(baseURL string) profile {
	return profile{
		BaseURL: baseURL, Merchant: string(e.Merchant), Key: e.Bearer,
		SigningKey: string(e.SigningKey), SigningSecret: e.SigningSecret, OpsToken: e.OpsToken,
	}
}

// enrol makes the merchant and its keys known to the store, where it does not know
// them: at the first start, and where the store is a new one.
func (s *system) enrol(ctx context.Context, e *enrolment) error {
	if e.Merchant != "" {
		_, err := s.store.Merchant(ctx, e.Merchant)
		if err == nil {
			return nil
		}
		if !errors.Is(err, paymux.NotFound) {
			return fmt.Errorf("find the sandbox merchant: %w", err)
		}
	}
	now := s.now().UTC()
	m := s.sandboxMerchant(now)
	if err := s.store.CreateMerchant(ctx, m); err != nil {
		return fmt.Errorf("make the sandbox merchant: %w", err)
	}
	bearer, signing := s.sandboxKeys(m.ID, e, now)
	for _, k := range []paymux.Key{bearer, signing} {
		if err := s.store.CreateKey(ctx, k, nil); err != nil {
			return fmt.Errorf("make the sandbox merchant's keys: %w", err)
		}
	}
	e.Merchant, e.BearerKey, e.SigningKey = m.ID, bearer.ID, signing.ID
	text, err := yaml.Marshal(e)
	if err != nil {
		return fmt.Errorf("keep the sandbox merchant: %w", err)
	}
	return writeSecret(e.path, text)
}

func (s *system) sandboxMerchant(now time.Time) paymux.Merchant {
	return paymux.Merchant{
		ID: paymux.MerchantID(s.ids.New(paymux.PrefixMerchant)), Object: "merchant", Name: "Sandbox merchant",
		Policy:    paymux.Policy{Bearer: true, Batch: paymux.BatchAny, LatePayment: paymux.LateKeep},
		CreatedAt: now, UpdatedAt: now,
	}
}

func (s *system) sandboxKeys(merchant paymux.MerchantID, e *enrolment, now time.Time) (bearer, signing paymux.Key) {
	digest := sha256.Sum256([]byte(e.Bearer))
	bearer = paymux.Key{
		ID: paymux.KeyID(s.ids.New(paymux.PrefixKey)), Object: "api_key", Merchant: merchant, Kind: paymux.KeyBearer,
		Name: "paymux dev", Hint: e.Bearer[len(e.Bearer)-4:], Digest: digest[:], CreatedAt: now,
	}
	signing = paymux.Key{
		ID: paymux.KeyID(s.ids.New(paymux.PrefixKey)), Object: "api_key", Merchant: merchant, Kind: paymux.KeyHMAC,
		Name: "paymux dev", Shared: paymux.Secret(e.SigningSecret), CreatedAt: now,
	}
	return bearer, signing
}
