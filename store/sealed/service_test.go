package sealed_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/paymux/paymux/internal/keyring"
	"github.com/paymux/paymux/keys"
)

// keyService is a key service with one key, of several versions.
type keyService struct {
	away   atomic.Bool   // nobody answers
	hangs  atomic.Bool   // nobody answers, and one has to wait for that
	asked  atomic.Int64  // to decrypt
	answer chan struct{} // had one value for each answer to a Decrypt, where it is not nil
	mu     sync.Mutex
	keys   []cipher.AEAD // newest first
}

const wrapper keys.Name = "secrets-eu"

var errAway = errors.New("rpc: nobody answered")

func newKeyService(text string) *keyService {
	s := &keyService{}
	s.rotate(text)
	return s
}

// rotate adds a version: the one of 32 bytes text.
func (s *keyService) rotate(text string) {
	block, err := aes.NewCipher([]byte(text))
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = append([]cipher.AEAD{aead}, s.keys...)
}

// destroyOld leaves the newest version only.
func (s *keyService) destroyOld() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = s.keys[:1]
}

func (s *keyService) versions(ctx context.Context, key keys.Name) ([]cipher.AEAD, error) {
	if s.hangs.Load() {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if s.away.Load() {
		return nil, errAway
	}
	if key != wrapper {
		return nil, keys.ErrNoKey
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys, nil
}

func (s *keyService) Encrypt(ctx context.Context, key keys.Name, _ string, plain, nonce, associated []byte) ([]byte, error) {
	all, err := s.versions(ctx, key)
	if err != nil {
		return nil, err
	}
	return all[0].Seal(nil, nonce, plain, associated), nil
}

func (s *keyService) Decrypt(ctx context.Context, key keys.Name, sealed, nonce, associated []byte) ([]byte, error) {
	s.asked.Add(1)
	if s.answer != nil {
		defer func() { s.answer <- struct{}{} }()
	}
	all, err := s.versions(ctx, key)
	if err != nil {
		return nil, err
	}
	for _, k := range all {
		if plain, err := k.Open(nil, nonce, sealed, associated); err == nil {
			return plain, nil
		}
	}
	return nil, keyring.ErrWrong
}
