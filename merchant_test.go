package paymux_test

import (
	"slices"
	"testing"

	"github.com/paymux/paymux"
)

func TestAPolicyWithoutServicesMayEverything(t *testing.T) {
	t.Parallel()
	services := []paymux.ServiceType{paymux.ServicePay, paymux.ServiceQuery}
	for _, s := range paymux.ServiceTypes() {
		if !(&paymux.Policy{}).May(s) {
			t.Errorf("a policy without a list forbids %s", s)
		}
		if got := (&paymux.Policy{Services: services}).May(s); got != slices.Contains(services, s) {
			t.Errorf("a policy for %v says %t to %s", services, got, s)
		}
	}
	if (&paymux.Policy{Services: services}).May("") {
		t.Error("a list allows a service without a name")
	}
}
