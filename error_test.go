package paymux_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/paymux/paymux"
)

func TestErrorIsItsCodeAndItsCause(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("load: %w", paymux.Errorf(paymux.NotFound, "There is no payment %s.", "pay_1").At("payment").Because(io.EOF))
	if !errors.Is(err, paymux.NotFound) || !errors.Is(err, io.EOF) || errors.Is(err, paymux.Internal) {
		t.Errorf("%v is taken for another error", err)
	}
	var e *paymux.Error
	if !errors.As(err, &e) || e.Param != "payment" {
		t.Errorf("%#v", e)
	}
}

func TestErrorsCauseNeverLeaves(t *testing.T) {
	t.Parallel()
	body, err := json.Marshal(paymux.Errorf(paymux.Internal, "It is our fault.").Because(errors.New("password hunter2")))
	if err != nil || strings.Contains(string(body), "hunter2") {
		t.Errorf("%s, %v", body, err)
	}
	var back paymux.Error
	if err := json.Unmarshal(body, &back); err != nil || !errors.Is(&back, paymux.Internal) {
		t.Errorf("%+v, %v", back, err)
	}
}

func TestSecretRedactsItself(t *testing.T) {
	t.Parallel()
	secret := paymux.Secret("hunter2")
	holder := struct{ S paymux.Secret }{secret}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "secret", secret, "holder", holder)
	body, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	for _, seen := range []string{fmt.Sprint(secret), fmt.Sprintf("%v %+v %#v %s %q", holder, holder, holder, secret, secret), string(body), log.String()} {
		if strings.Contains(seen, "hunter2") {
			t.Errorf("seen: %s", seen)
		}
	}
	if secret.Reveal() != "hunter2" {
		t.Error("lost")
	}
}
