package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
	"github.com/paymux/paymux/relay"
)

// An account that takes nothing now is still there: what is under way at it belongs to this region. It draws nothing new.
func TestANodeSaysWhatItCan(t *testing.T) {
	t.Parallel()
	stripe, alipay := &channel.Driver{Name: "stripe"}, &channel.Driver{Name: "alipay"}
	var d relay.Detail
	can(&d, []*channel.Account{
		{Name: "cards", Driver: stripe, Methods: []paymux.MethodType{paymux.Card}},
		{Name: "more-cards", Driver: stripe, Methods: []paymux.MethodType{paymux.Card, paymux.BankTransfer}},
		{Name: "wallet", Driver: alipay, Methods: []paymux.MethodType{paymux.Alipay}, Down: "switched off"},
	})
	want := relay.Detail{
		Accounts: []string{"cards", "more-cards", "wallet"}, Channels: []string{"stripe"}, Methods: []paymux.MethodType{paymux.BankTransfer, paymux.Card},
	}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Error(diff)
	}
}
