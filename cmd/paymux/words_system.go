package main

// systemWords are what operators and developers read: starting, configuring, checking.
func systemWords() map[string][2]string {
	return map[string][2]string{
		"root.short": {
			"Take payments through many institutions with one interface",
			"用一个接口接入多家支付机构收款",
		},
		"root.long": {
			`Paymux takes payments through many institutions with one interface.

  paymux dev        start everything in one process; nothing else has to be installed
  paymux pay        take a test payment
  paymux listen     receive its notifications

Exit codes: 0 done · 1 the outcome is bad (a payment failed, a check found something)
2 the command line or the configuration is wrong · 3 nobody answers at the base URL
4 Paymux refused the request · 130 interrupted`,
			`Paymux 用一个接口接入多家支付机构收款。

  paymux dev        在一个进程里启动全部服务，无需安装其他软件
  paymux pay        发起一笔测试支付
  paymux listen     接收支付通知

退出码：0 完成 · 1 结果不好（支付失败、检查发现问题）
2 命令行或配置有误 · 3 基础地址无人应答
4 请求被 Paymux 拒绝 · 130 被中断`,
		},
		"flag.output": {
			"output format: text or json",
			"输出格式：text 或 json",
		},
		"flag.base-url": {
			"where Paymux is (also PAYMUX_BASE_URL)",
			"Paymux 的地址（也可用 PAYMUX_BASE_URL）",
		},
		"flag.lang": {
			"language: en or zh-CN (also PAYMUX_LANG, LANG)",
			"语言：en 或 zh-CN（也可用 PAYMUX_LANG、LANG）",
		},
		"flag.verbose": {
			"log requests and details to standard error",
			"把请求和细节记到标准错误",
		},
		"error": {
			"error:",
			"错误：",
		},
		"unreachable": {
			"Is Paymux running? Start it with: paymux dev",
			"Paymux 启动了吗？用 paymux dev 启动。",
		},
		"no-key": {
			"there is no API key: run paymux dev once, or set PAYMUX_KEY (and PAYMUX_BASE_URL)",
			"没有 API 密钥：先运行一次 paymux dev，或设置 PAYMUX_KEY（以及 PAYMUX_BASE_URL）",
		},
		"no-ops-token": {
			"there is no operators' token: run paymux dev once, or set PAYMUX_OPS_TOKEN",
			"没有运营令牌：先运行一次 paymux dev，或设置 PAYMUX_OPS_TOKEN",
		},
		"port.taken": {
			"%s is taken by another program, perhaps by another paymux: stop that one, or add --listen %s",
			"%s 已被其他程序占用（可能是另一个 paymux）：请先停掉它，或加上 --listen %s",
		},
		"version.short": {
			"Print the version",
			"显示版本",
		},
		"healthcheck.short": {
			"Succeed when the server is ready, for containers",
			"服务就绪时返回成功，供容器使用",
		},
		"healthcheck.long": {
			`Succeed when the server is ready: for containers, which have no other program to ask with. -c asks the
process of a configuration where its monitor.listen says; that is how one without a front door (roles node,
gateway, keys) is asked. Where it is not ready, the answer says which part is not, and why. A URL asks
another process, or something else, such as a NATS server; 200 is well.`,
			`服务就绪时返回成功，供没有其他程序可用的容器使用。-c 按配置文件的 monitor.listen 询问其进程；
没有前门的进程（角色 node、gateway、keys）就这样询问。未就绪时，会说明是哪一部分以及原因。
给出 URL 则检查另一个进程或别的服务，例如 NATS 服务器；200 即正常。`,
		},
		"healthcheck.config": {
			"ask the process of this configuration, where its monitor.listen says",
			"按此配置文件的 monitor.listen 询问其进程",
		},
		"healthcheck.one": {
			"give either a URL or -c",
			"URL 和 -c 只能给一个",
		},
		"healthcheck.nowhere": {
			"%s: monitor.listen is not set, so its process answers nowhere: set it, such as to 127.0.0.1:9090",
			"%s：未设置 monitor.listen，进程无处应答：请设置，例如 127.0.0.1:9090",
		},
		"dev.short": {
			"Start everything in one process, with a sandbox and keys",
			"在一个进程里启动全部服务，带沙箱和密钥",
		},
		"dev.long": {
			`Starts the front door, the transaction node, the payers' pages, an embedded database,
an embedded message server and a sandbox that pretends to be institutions. Nothing
else has to be installed, and no real money can move. Keys are made once and kept; other
commands find them by themselves. Everything printed has been requested before "ready".`,
			`启动接入层、交易节点、付款页、内置数据库、内置消息服务，以及模拟支付机构的沙箱。
无需安装其他软件，也不会动用真实资金。密钥只生成一次并保留，其他命令会自动找到。
打印出来的每个地址，在显示“就绪”之前都已实际访问过。`,
		},
		"dev.listen": {
			"address and port, 127.0.0.1:8080 unless told otherwise; port 0 takes a free one",
			"监听地址和端口，默认 127.0.0.1:8080；端口 0 表示任选空闲端口",
		},
		"dev.data": {
			"where data is kept, .paymux unless told otherwise",
			"数据目录，默认 .paymux",
		},
		"dev.ephemeral": {
			"keep nothing after the end",
			"结束后不保留任何数据",
		},
		"dev.first-payment": {
			"take a first payment, play its payer and show its timeline",
			"就绪后发起第一笔支付，扮演付款人并显示全过程",
		},
		"dev.store": {
			"sqlite (embedded, the default) or postgres",
			"sqlite（内置，默认）或 postgres",
		},
		"dev.postgres-url": {
			"the database, with --store postgres",
			"数据库地址，配合 --store postgres",
		},
		"dev.title": {
			"paymux %s  dev mode (no real money can move)   ready in %.1f s",
			"paymux %s  开发模式（不涉及真实资金）   %.1f 秒就绪",
		},
		"dev.api": {
			"  API        %s/v1    reference: %s/docs",
			"  API        %s/v1    文档：%s/docs",
		},
		"dev.keys": {
			"  Key        %s  saved in %s; print it with: paymux key",
			"  密钥       %s  保存在 %s；用 paymux key 显示",
		},
		"dev.signing": {
			"  Signing    %s  hmac-sha256 (RFC 9421), its secret in the same file",
			"  签名密钥   %s  hmac-sha256（RFC 9421），密文在同一文件",
		},
		"dev.kept": {
			"  Data       %s (%s)",
			"  数据       %s（%s）",
		},
		"dev.channels": {
			"  Channels   %s",
			"  通道       %s",
		},
		"dev.webhooks": {
			"  Webhooks   none yet: paymux listen --forward-to http://127.0.0.1:3000/webhooks",
			"  通知       还没有接收端：paymux listen --forward-to http://127.0.0.1:3000/webhooks",
		},
		"dev.next": {
			"Next, in another terminal:  paymux pay 12.50 CNY --method wechat_pay     (Ctrl-C stops; everything is kept)",
			"接下来，在另一个终端：  paymux pay 12.50 CNY --method wechat_pay     （Ctrl-C 停止，数据都会保留）",
		},
		"serve.short": {
			"Serve from a configuration file",
			"按配置文件提供服务",
		},
		"serve.debug": {"serve profiles and memory figures on this loopback address, for engineers", "在此本机回环地址上提供性能剖析与内存数据，供工程师使用"},
		"serve.long": {
			`Serves what paymux.yaml describes until it is told to stop (SIGTERM or Ctrl-C). It then
takes no new connection, answers the requests under way, lets tasks finish and closes the
store. Every key of the file can be set by an environment variable: paymux config docs.`,
			`按 paymux.yaml 提供服务，直到收到停止信号（SIGTERM 或 Ctrl-C）。停止时不再接受新连接，
先回完正在处理的请求，等任务收尾，再关闭存储。文件里的每个键也可用环境变量设置：paymux config docs。`,
		},
		"config.short": {
			"Check and show the configuration",
			"检查和查看配置",
		},
		"config.file": {
			"configuration file (paymux.yaml)",
			"配置文件（paymux.yaml）",
		},
		"config.check": {
			"Say whether serve could start with this configuration",
			"检查 serve 能否用这份配置启动",
		},
		"config.print": {
			"Show every value in force and where it came from; secrets are redacted",
			"显示生效的每个值及其来源；密文会隐去",
		},
		"config.docs": {
			"Print a complete paymux.yaml with every key explained",
			"输出完整的 paymux.yaml，并解释每个键",
		},
		"config.ok": {
			"The configuration is good.",
			"配置没有问题。",
		},
		"bank.short": {
			"Run the sandbox as a process of its own, for several Paymux processes to share",
			"独立运行沙箱，供多个 Paymux 进程共用",
		},
		"bank.long": {
			`Runs the institution that pretends as a process of its own: its book, its payers' pages, its
controls and the interface that channels call. It notifies the callback URLs it is given.
No real money can move. Give Paymux accounts of channel sandbox with base_url, api_key and
callback_secret, and sandbox.remote: true; docs/sandbox.md tells more.`,
			`把模拟支付机构作为独立进程运行：账本、付款页、控制接口，以及供通道调用的接口。
它会通知收到的回调地址。不涉及真实资金。在 Paymux 里为 sandbox 通道的账户设置 base_url、
api_key 和 callback_secret，并设置 sandbox.remote: true；详见 docs/sandbox.md。`,
		},
		"bank.listen": {
			"address and port; port 0 takes a free one",
			"监听地址和端口；端口 0 表示任选空闲端口",
		},
		"bank.public-url": {
			"how payers reach its pages; empty: http:// and the address",
			"付款人访问其页面的地址；留空则为 http:// 加监听地址",
		},
		"bank.dir": {
			"where its book and secrets are kept",
			"账本和密钥的目录",
		},
		"bank.token-file": {
			"file with the operators' token; without it one is made and kept in the directory",
			"存放运营令牌的文件；不指定则自动生成并保存在目录中",
		},
		"bank.config": {
			"file with accounts and their options (YAML)",
			"账户及其选项的配置文件（YAML）",
		},
		"bank.accounts": {
			"accounts to open at the start; others are opened by their first call",
			"启动时开立的账户；其他账户在首次调用时开立",
		},
		"bank.option": {
			"option of these accounts, as name=text; may be repeated",
			"这些账户的选项，写作 name=text，可重复",
		},
		"bank.delay": {
			"how late late notifications, disputes and slow answers are; 0: 5s",
			"迟到的通知、争议和缓慢应答的延迟；0 表示 5s",
		},
		"bank.title": {
			"sandbox bank (no real money can move)   ready on %s",
			"沙箱银行（不涉及真实资金）   已就绪：%s",
		},
		"bank.account": {
			"  Accounts   channel sandbox, base_url: http://%s, api_key: file:%s, callback_secret: file:%s",
			"  账户       通道 sandbox，base_url: http://%s，api_key: file:%s，callback_secret: file:%s",
		},
		"bank.control": {
			"  Controls   PAYMUX_SANDBOX_URL=http://%s PAYMUX_SANDBOX_TOKEN=$(cat %s) paymux sandbox set",
			"  控制       PAYMUX_SANDBOX_URL=http://%s PAYMUX_SANDBOX_TOKEN=$(cat %s) paymux sandbox set",
		},
		"doctor.short": {
			"Look for what is wrong and say how to put it right",
			"检查问题并说明如何修复",
		},
		"doctor.long": {
			`Looks at the profile, the configuration, the data directory, the store, NATS, the server, the
clock, the key, a signed request and the endpoints. Each failure comes with its fix.`,
			`检查客户端配置、服务配置、数据目录、存储、NATS、服务、时钟、密钥、签名请求和通知接收端。
每个问题都给出修复办法。`,
		},
		"doctor.config": {
			"also look at this configuration file, and what it names",
			"同时检查这份配置文件及其涉及的内容",
		},
		"doctor.fix": {
			"fix: %s",
			"修复：%s",
		},
		"doctor.bad": {
			"%d checks failed",
			"%d 项检查未通过",
		},
		"doctor.good": {
			"Everything looks good.",
			"一切正常。",
		},
	}
}
