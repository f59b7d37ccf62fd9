"""Data: where credentials and other secrets lie. `credentials` judges by it.

Each group is a reason and its places, below every home directory (HOME), absolute (ABSOLUTE), or named by a
variable that moves them (MOVED). A `*` stands for any part of one component. Probes CR-01 to CR-22 and CR-30
plant canaries at such places; add a place here and it is refused from then on.
"""

from __future__ import annotations

HOME: tuple[tuple[str, str], ...] = (
    ("SSH keys", ".ssh"),
    ("GnuPG keys and its agent's sockets", ".gnupg .local/share/gnupg"),
    (
        "cloud credentials",
        """.aws .azure .config/gcloud .config/doctl .oci .bluemix .aliyun .config/scaleway .config/scw .config/hcloud
        .fly .config/fly .config/netlify .netlify .vercel .local/share/com.vercel.cli .heroku .config/heroku
        .config/stripe .config/wrangler .config/.wrangler .wrangler .railway .config/railway .config/linode-cli""",
    ),
    ("cluster credentials", ".kube .minikube .config/k9s .config/helm .config/argocd .talos"),
    ("container registry credentials", ".docker .config/containers .local/share/containers"),
    (
        "code host credentials",
        """.config/gh .config/hub .config/glab-cli .config/tea .config/git/credentials .git-credentials
        .git-credential-cache .cache/git/credential .config/gitlab-runner .gitlab-runner .config/jj""",
    ),
    (
        "passwords for hosts",
        """.netrc _netrc .authinfo .authinfo.gpg .pgpass .my.cnf .mylogin.cnf .s3cfg .boto .fetchmailrc .msmtprc
        .config/msmtp .smbcredentials .davfs2""",
    ),
    (
        "package registry credentials",
        """.npmrc .config/npm .yarnrc .yarnrc.yml .bunfig.toml .config/pnpm .pypirc .config/pip .pip .config/pypoetry
        .local/share/uv/credentials .config/uv .cargo/credentials .cargo/credentials.toml .gem/credentials
        .local/share/gem/credentials .bundle/config .m2/settings.xml .m2/settings-security.xml
        .gradle/gradle.properties .composer/auth.json .config/composer/auth.json .nuget/NuGet .config/NuGet
        .hex/hex.config .condarc .conan/.conan.db .conan2/credentials.json .conan2/.conan.db .config/configstore""",
    ),
    (
        "the agents' own credentials and history",
        """.claude .claude.json .config/claude .codex .gemini .config/gemini .copilot .config/github-copilot .pi
        .opencode .config/opencode .local/share/opencode .local/state/opencode .aider .aider.conf.yml .config/goose
        .local/share/goose .cursor .config/Cursor .continue .codeium .windsurf .amp .config/amp .qwen .kiro .factory
        .config/io.datasette.llm""",
    ),
    (
        "model and data set tokens",
        """.cache/huggingface/token .cache/huggingface/stored_tokens .huggingface .kaggle .config/kaggle .wandb
        .config/wandb .openai .ollama/id_ed25519""",
    ),
    (
        "password stores and key rings",
        """.password-store .local/share/password-store .local/share/keyrings .local/share/kwalletd .kde/share/apps
        .config/op .op .config/1Password .config/Bitwarden* .config/keepassxc .lastpass .config/rbw .local/share/rbw
        .config/sops .config/age .age .pki .vault-token .config/vault""",
    ),
    (
        "infrastructure credentials",
        """.terraform.d .terraformrc .pulumi .ansible .vagrant.d .config/rclone .rclone.conf .chef .config/restic
        .config/borg .config/syncthing .local/state/syncthing .config/ngrok .ngrok2 .cloudflared .config/tailscale
        .config/wireguard .openvpn .cert .step .acme.sh""",
    ),
    (
        "browser profiles",
        """.mozilla .config/mozilla .cache/mozilla .librewolf .waterfox .zen .tor-browser .config/google-chrome*
        .config/chromium .config/BraveSoftware .config/microsoft-edge* .config/vivaldi* .config/opera*
        .config/epiphany .local/share/epiphany .local/share/falkon .config/falkon .config/qutebrowser
        .local/share/qutebrowser .cache/google-chrome .cache/chromium""",
    ),
    ("browser profiles and other applications' data", "snap .var/app"),
    (
        "mail and messages",
        """.thunderbird .config/evolution .local/share/evolution .mutt .muttrc .config/mutt .config/neomutt .mbsyncrc
        .config/mbsync Maildir Mail .config/Slack .config/discord .config/Signal .config/Element .config/Microsoft
        .local/share/TelegramDesktop .purple .weechat .config/weechat .irssi .config/skypeforlinux .zoom""",
    ),
    (
        "editors that hold signed-in accounts",
        ".config/Code* .config/VSCodium .config/JetBrains .vscode-server .vscode-remote .config/zed",
    ),
    (
        "shell history",
        """.bash_history .zsh_history .zhistory .histfile .history .sh_history .ash_history .ksh_history
        .local/share/fish .config/fish/fish_history .local/share/atuin .local/share/nushell
        .config/nushell/history.txt .local/share/mcfly .local/share/zsh .local/state/zsh .local/state/bash""",
    ),
    (
        "histories of programs",
        """.python_history .local/state/python_history .node_repl_history .psql_history .mysql_history .mariadb_history
        .sqlite_history .rediscli_history .mongo .mongodb .mongorc.js .dbshell .irb_history .pry_history .lesshst
        .local/state/lesshst .viminfo .local/share/nvim/shada .local/state/nvim .ipython .Rhistory .php_history
        .local/share/recently-used.xbel .wget-hsts""",
    ),
    ("cookies of display and sound servers", ".Xauthority .ICEauthority .config/pulse .dbus .cache/keyring*"),
    ("wallets", ".bitcoin .ethereum .electrum .config/solana .config/Exodus .foundry/keystores"),
    ("what the host starts by itself", ".config/systemd .config/autostart"),
    ("Paddock's own state", ".local/state/paddock .config/paddock"),
)

ABSOLUTE: tuple[tuple[str, str], ...] = (
    ("processes of the host, their environments and memory", "/proc"),
    ("devices and firmware of the host", "/sys /dev"),
    ("sockets of agents, sessions and container engines", "/run /var/run"),
    ("password hashes", "/etc/shadow /etc/shadow- /etc/gshadow /etc/gshadow- /etc/security/opasswd"),
    ("rights of administrators", "/etc/sudoers /etc/sudoers.d /etc/doas.conf /etc/polkit-1"),
    (
        "keys of this machine",
        "/etc/ssh/*_key /etc/ssl/private /etc/pki/tls/private /etc/letsencrypt /etc/krb5.keytab",
    ),
    (
        "networks and their passwords",
        """/etc/NetworkManager /etc/wireguard /etc/openvpn /etc/wpa_supplicant /etc/ppp /etc/netplan
        /etc/ipsec.secrets""",
    ),
    ("cluster credentials", "/etc/kubernetes /etc/rancher /var/lib/kubelet /var/lib/rancher"),
    (
        "containers of the host",
        """/var/lib/docker /var/lib/containers /var/lib/containerd /etc/docker /etc/containers/auth.json""",
    ),
    ("mail and jobs of the host", "/var/mail /var/spool"),
    ("the floor of the policy", "/etc/paddock"),
)

MOVED: tuple[tuple[str, str], ...] = (
    ("sockets of agents and sessions", "SSH_AUTH_SOCK GPG_AGENT_INFO XDG_RUNTIME_DIR"),
    ("GnuPG keys and its agent's sockets", "GNUPGHOME"),
    (
        "cloud credentials",
        """AWS_SHARED_CREDENTIALS_FILE AWS_CONFIG_FILE AZURE_CONFIG_DIR CLOUDSDK_CONFIG
        GOOGLE_APPLICATION_CREDENTIALS""",
    ),
    ("cluster and container credentials", "KUBECONFIG DOCKER_CONFIG DOCKER_CERT_PATH REGISTRY_AUTH_FILE"),
    ("code host credentials", "GH_CONFIG_DIR GLAB_CONFIG_DIR"),
    ("passwords for hosts", "NETRC PGPASSFILE"),
    ("package registry credentials", "NPM_CONFIG_USERCONFIG npm_config_userconfig PIP_CONFIG_FILE"),
    (
        "the agents' own credentials and history",
        """CLAUDE_CONFIG_DIR CODEX_HOME GEMINI_CONFIG_DIR COPILOT_HOME PI_CODING_AGENT_DIR OPENCODE_CONFIG_DIR""",
    ),
    ("password stores and key rings", "PASSWORD_STORE_DIR SOPS_AGE_KEY_FILE"),
    ("histories", "HISTFILE PYTHON_HISTORY NODE_REPL_HISTORY LESSHISTFILE"),
    ("cookies and tickets", "XAUTHORITY ICEAUTHORITY KRB5CCNAME"),
)
XDG = (("XDG_CONFIG_HOME", ".config/"), ("XDG_DATA_HOME", ".local/share/"), ("XDG_STATE_HOME", ".local/state/"))
