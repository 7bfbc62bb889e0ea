"""Guarantees the workloads that are no list of layers in PyTorch's own words: each takes first weights by name, then batches, and gives losses."""
import torch
import torch.nn.functional as F

leaf = lambda t: t.clone().contiguous().requires_grad_()


class Program:
    """Weights are leaves in PyTorch's own layout; `step` is one step of training and gives its loss."""

    def __init__(self, spec, given):
        self.given, self.leaves = given, []
        self.build(given)
        o = spec["optimizer"]
        momentum, beta1 = o.get("momentum", 0), o.get("beta1", 0.9)
        self.optimizer = {
            "adam": lambda ps: torch.optim.Adam(ps, lr=o["rate"], betas=(beta1, 0.999)),
            "adamw": lambda ps: torch.optim.AdamW(ps, lr=o["rate"], weight_decay=o.get("decay", 1e-2)),
            "sgd": lambda ps: torch.optim.SGD(ps, lr=o["rate"], momentum=momentum),
        }[o["kind"]]
        self.own = self.optimizer(self.leaves)

    def leaf(self, t):
        self.leaves.append(leaf(t))
        return self.leaves[-1]

    def dense(self, name, bias=True):
        """[out, in], and a bias"""
        return [self.leaf(self.given[f"{name}.kernel"].T)] + ([self.leaf(self.given[f"{name}.bias"])] if bias else [])

    def pair(self, name, *of):
        return [self.leaf(self.given[f"{name}.{one}"]) for one in of]

    def step(self, x, y):
        self.own.zero_grad(set_to_none=True)
        loss = self.loss(x, y)
        loss.backward()
        self.own.step()
        return loss.item()


class Gpt(Program):
    """nanoGPT's blocks: one projection for queries, keys and values, fused attention, exact gelu."""

    def build(self, given):
        self.tokens, self.places = self.leaf(given["embedding.table"]), self.leaf(given["positionalEncoding.table"])
        numbered = lambda name, n: name if n == 1 else f"{name}_{n}"
        self.blocks = []
        for n in range(1, 5):
            attention = numbered("multiHeadAttention", n)
            three = [self.given[f"{attention}.{which}.kernel"].T for which in ("query", "key", "value")]
            biases = [self.given[f"{attention}.{which}.bias"] for which in ("query", "key", "value")]
            self.blocks.append({
                "norm1": self.pair(numbered("layerNorm", 2 * n - 1), "gamma", "beta"),
                "qkv": [self.leaf(torch.cat(three)), self.leaf(torch.cat(biases))],
                "out": self.dense(f"{attention}.output"),
                "norm2": self.pair(numbered("layerNorm", 2 * n), "gamma", "beta"),
                "wide": self.dense(numbered("dense", 2 * n - 1)),
                "back": self.dense(numbered("dense", 2 * n)),
            })
        self.last = self.pair("layerNorm_9", "gamma", "beta")
        self.scores = self.dense("scores", bias=False)

    def loss(self, x, y):
        h = F.embedding(x, self.tokens) + self.places
        n, t, w = h.shape
        for b in self.blocks:
            q, k, v = F.linear(F.layer_norm(h, (w,), *b["norm1"]), *b["qkv"]).split(w, dim=2)
            q, k, v = (one.view(n, t, 4, w // 4).transpose(1, 2) for one in (q, k, v))
            a = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(n, t, w)
            h = h + F.linear(a, *b["out"])
            h = h + F.linear(F.gelu(F.linear(F.layer_norm(h, (w,), *b["norm2"]), *b["wide"])), *b["back"])
        s = F.linear(F.layer_norm(h, (w,), *self.last), *self.scores)
        return F.cross_entropy(s.view(-1, s.shape[-1]), y.reshape(-1))


class Recurrent(Program):
    def cell(self, name):
        self.weights = [self.leaf(self.given[f"{name}.{one}"].T) for one in ("kernel", "recurrentKernel")]
        self.weights += [self.leaf(self.given[f"{name}.{one}"]) for one in ("bias", "recurrentBias")]
        self.width = self.weights[1].shape[1]

    def zeros(self, x):
        return self.weights[0].new_zeros(1, x.shape[0], self.width)


class CharLstm(Recurrent):
    def build(self, given):
        self.table = self.leaf(given["embedding.table"])
        self.cell("lstm")
        self.scores = self.dense("scores")

    def loss(self, x, y):
        e = F.embedding(x, self.table)
        h, _, _ = torch._VF.lstm(e, (self.zeros(x), self.zeros(x)), self.weights, True, 1, 0.0, True, False, True)
        s = F.linear(h, *self.scores)
        return F.cross_entropy(s.view(-1, s.shape[-1]), y.reshape(-1))


class AddingRnn(Recurrent):
    def build(self, given):
        self.cell("simpleRnn")
        self.sum = self.dense("sum")

    def loss(self, x, y):
        _, h = torch._VF.rnn_tanh(x, self.zeros(x), self.weights, True, 1, 0.0, True, False, True)
        return F.mse_loss(F.linear(h[0], *self.sum), y)


class Images(Program):
    """With the running statistics of norms, by the way that they are followed."""

    def norm(self, name):
        gamma, beta = self.pair(name, "gamma", "beta")
        return [torch.zeros_like(beta), torch.ones_like(beta), gamma, beta]

    @staticmethod
    def normed(x, norm):
        return F.batch_norm(x, *norm, training=True, momentum=0.1)


class MobileNet(Images):
    BLOCKS = [(16, 1), (24, 2), (24, 1), (32, 2), (32, 1)]

    def convolved(self, name):
        return [*self.pair(name, "kernel", "bias"), self.norm(f"{name}.norm")]

    def build(self, given):
        self.stem = self.convolved("stem")
        self.blocks = [[self.convolved(f"b{n + 1}.{one}") for one in ("expand", "depth", "project")] for n in range(len(self.BLOCKS))]
        self.scores = self.dense("scores")

    @staticmethod
    def strided(x, of, stride, groups=1):
        """What `same` adds for stride 2 on an even side stands behind the last pixel alone."""
        kernel, bias, norm = of
        x = F.conv2d(F.pad(x, (0, 1, 0, 1)), kernel, bias, 2, 0, 1, groups) if stride == 2 else F.conv2d(x, kernel, bias, 1, 1, 1, groups)
        return F.relu6(Images.normed(x, norm))

    def loss(self, x, y):
        h = self.strided(x, self.stem, 2)
        for (to, stride), (expand, depth, project) in zip(self.BLOCKS, self.blocks):
            wide = F.relu6(self.normed(F.conv2d(h, expand[0], expand[1]), expand[2]))
            deep = self.strided(wide, depth, stride, wide.shape[1])
            out = self.normed(F.conv2d(deep, project[0], project[1]), project[2])
            h = h + out if stride == 1 and out.shape[1] == h.shape[1] else out
        return F.cross_entropy(F.linear(h.mean((2, 3)), *self.scores), y)


class Dcgan(Images):
    """Images are made once; the judge learns from them without their graph, then the painter from the judge that has learned."""

    def build(self, given):
        self.spread = self.dense("g.spread")
        self.norms = [self.norm(f"g.norm{n}") for n in range(3)]
        self.ups = [self.pair(f"g.{name}", "kernel", "bias") for name in ("up1", "up2", "paint")]
        self.painter = self.leaves
        self.leaves = []
        self.downs = [self.pair(f"d.down{n}", "kernel", "bias") for n in (1, 2, 3)]
        self.judges = [None, self.norm("d.norm2"), self.norm("d.norm3")]
        self.judge = self.dense("d.judge")

    def images(self, z):
        h = F.relu(self.normed(F.linear(z, *self.spread).view(z.shape[0], -1, 4, 4), self.norms[0]))
        for up, norm in zip(self.ups[:2], self.norms[1:]):
            h = F.relu(self.normed(F.conv_transpose2d(h, *up, stride=2, padding=1), norm))
        return torch.tanh(F.conv_transpose2d(h, *self.ups[2], stride=2, padding=1))

    def score(self, h):
        for down, norm in zip(self.downs, self.judges):
            h = F.conv2d(h, *down, stride=2, padding=1)
            h = F.leaky_relu(h if norm is None else self.normed(h, norm), 0.2)
        return F.linear(h.flatten(1), *self.judge)

    def step(self, x, z):
        if not hasattr(self, "paints"):
            self.paints = self.optimizer(self.painter)
        fake = self.images(z)
        self.own.zero_grad(set_to_none=True)
        judging = F.softplus(-self.score(x)).mean() + F.softplus(self.score(fake.detach())).mean()
        judging.backward()
        self.own.step()
        self.paints.zero_grad(set_to_none=True)
        painting = F.softplus(-self.score(fake)).mean()
        painting.backward(inputs=self.painter)
        self.paints.step()
        return judging.item() + painting.item()


PROGRAMS = {"gpt": Gpt, "lstm": CharLstm, "rnn": AddingRnn, "mobilenet": MobileNet, "dcgan": Dcgan}
