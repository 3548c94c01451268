package main

// channelTestWords are what those who write channels read.
func channelTestWords() map[string][2]string {
	return map[string][2]string{
		"channel.test": {
			"Test a running service package against the channel contract",
			"按照通道契约测试正在运行的服务包",
		},
		"channel.test.long": {
			`Finds the package of a channel in the registry and runs the conformance suite on it from outside,
over NATS, in whatever language it is written (docs/channel-contract.md).

Payments are made only at accounts that have a kit, that is, whose institution only pretends; have
those to yourself meanwhile: the suite breaks their lines. Of any other account it checks what can be
checked without effect. What was not checked is said. NATS is found by the configuration's keys of nats
(-c), or given in front of the name. It takes the credentials of a node. The exit code is 1 when something failed.`,
			`在注册中心查找某通道的服务包，通过 NATS 从外部对其运行一致性测试，
不论它用何种语言编写（见 docs/channel-contract.md）。

只有带测试套件（即其机构只是模拟）的账户才会产生支付；测试期间请独占这些账户，因为测试会切断它们的线路。
对其他账户只检查没有副作用的项目。未检查的项目会逐一说明。NATS 由配置中的 nats 各项（-c）给出，
或写在名称之前的地址中。需要节点（node）的凭据。有失败项时退出码为 1。`,
		},
		"channel.test.config":      {"paymux.yaml, for its keys of nats", "paymux.yaml，取其中的 nats 各项"},
		"channel.test.version":     {"which version, where several run", "有多个版本运行时，指定其一"},
		"channel.test.account":     {"which account (default: all of the package's)", "指定账户（默认：该包的所有账户）"},
		"channel.test.credentials": {"with an address: file with the nkey seed of a node", "与地址同用：节点 nkey 种子文件"},
		"channel.test.ca":          {"with an address: file with the PEM of who signed the servers' certificates", "与地址同用：服务器证书签发者的 PEM 文件"},
		"channel.test.wait":        {"how long to wait for NATS and for the package", "等待 NATS 与服务包的时间"},
		"channel.test.address": {
			"name a channel, such as mybank, or where it is, such as tls://nats.internal:4222/mybank",
			"请给出通道名称，例如 mybank，或其地址，例如 tls://nats.internal:4222/mybank",
		},
		"channel.test.where": {
			"say where NATS is: -c paymux.yaml, or an address in front of the name, such as tls://nats.internal:4222/mybank",
			"请指明 NATS 的位置：用 -c paymux.yaml，或在名称前写地址，例如 tls://nats.internal:4222/mybank",
		},
		"channel.test.embedded": {
			"the configuration embeds NATS, which no package elsewhere can reach: set nats.url",
			"该配置使用内嵌的 NATS，外部的服务包无法连接：请设置 nats.url",
		},
		"channel.test.absent": {
			"no package of channel %s is ready (version %s, account %s); waited %s. Does it run, and renew its lease?",
			"没有就绪的 %s 通道服务包（版本 %s，账户 %s），已等待 %s。它是否在运行并续租？",
		},
		"channel.test.which":     {"several versions run; choose one with --version: %s", "有多个版本在运行，请用 --version 选择：%s"},
		"channel.test.failed":    {"%s does not keep the contract", "%s 不符合契约"},
		"channel.test.unchecked": {"not checked:", "未检查："},
		"channel.test.summary":   {"%d checks, %d failed; %d things were not checked", "共 %d 项检查，失败 %d 项；另有 %d 处未检查"},

		"channel.part.capabilities":     {"what it announces", "公布的能力"},
		"channel.part.driver":           {"what it says of itself", "自我描述"},
		"channel.part.pay":              {"paying", "支付"},
		"channel.part.decline":          {"refusals", "拒绝"},
		"channel.part.unknown_code":     {"a code nobody knows is unknown, never a refusal", "未知代码视为未知结果，绝不当作拒绝"},
		"channel.part.query_absent":     {"a query for what was never sent", "查询从未发出的操作"},
		"channel.part.cancel_unpaid":    {"closing an order before it is paid", "关闭未支付的订单"},
		"channel.part.capture":          {"reserving and capturing", "预授权与请款"},
		"channel.part.refund":           {"refunds", "退款"},
		"channel.part.callback":         {"notifications", "通知"},
		"channel.part.statement":        {"statements", "对账单"},
		"channel.part.canceled_context": {"a caller that has given up", "调用方已放弃"},
		"channel.part.faults":           {"broken lines", "线路故障"},
		"channel.part.wire":             {"the wire", "线上协议"},
		"channel.part.lease":            {"the lease", "租约"},

		"channel.part.full":              {"all of it", "全额"},
		"channel.part.partial":           {"in parts", "分次"},
		"channel.part.partial_and_final": {"a part, releasing the rest", "部分请款并释放余额"},
		"channel.part.several":           {"several captures", "多次请款"},
		"channel.part.release":           {"releasing", "释放"},
		"channel.part.too_much":          {"more than there is", "超额"},
		"channel.part.empty":             {"an empty one", "空通知"},
		"channel.part.authentic":         {"an authentic one", "真实通知"},
		"channel.part.tampered":          {"tampered with", "被篡改"},
		"channel.part.stale":             {"signed long ago", "签名过期"},
		"channel.part.malformed":         {"authentic and malformed", "真实但格式错误"},
		"channel.part.refused":           {"connections are refused: not sent", "连接被拒绝：未发送"},
		"channel.part.server_error":      {"a server error leaves the outcome open", "服务器错误时结果未知"},
		"channel.part.no_answer":         {"no answer leaves the outcome open", "没有应答时结果未知"},
		"channel.part.garbage":           {"bodies that cannot be read", "无法解析的消息体"},
		"channel.part.late_request":      {"requests after their deadline are not begun", "超过期限的请求不予执行"},
		"channel.part.absent":            {"an operation never sent is absent", "从未发出的操作返回 absent"},
		"channel.part.one_answer":        {"one answer a request", "每个请求只有一个应答"},
		"channel.part.forgery":           {"a notification without a signature", "没有签名的通知"},
		"channel.part.statement_pages":   {"a statement in parts", "分页对账单"},
		"channel.part.unknown_members":   {"members nobody knows are ignored", "忽略未知成员"},
		"channel.part.unknown_kind":      {"a kind of operation nobody knows", "未知的操作类型"},
		"channel.part.at_once":           {"the same operation from many sides at once", "同一操作并发到达"},
		"channel.part.unknown_codes":     {"unknown codes are counted in the lease", "未知代码计入租约"},
	}
}
