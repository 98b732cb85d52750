"""LSTM_cond, LSTM_inf with its attention, and LSTM_key (paper section 3.1): from embeddings to keyframes and offsets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from keyin_cli.model.layers import ProjectedLstm, gaussian, sampled, sine_code

TIME_CODE = 16  # size of a sine code of time
CERTAIN = 50.0  # logit of an offset that is given

OffsetSource = Literal["free", "static"] | int


@dataclass(frozen=True)
class Horizon:
    """How a sequence is cut, in frames: T conditioning frames, N predicted ones; M keyframes, at most S frames apart."""

    conditioning: int
    predicted: int
    keyframes: int
    max_offset: int


@dataclass(frozen=True)
class Keyframes:
    """What LSTM_key says: `embeddings` κ̂ (B,M,E), offset `logits` (B,M,S), and of the posterior `mean` and `log_std` (B,M,Z),
    counted from the prior's mean in the prior's σ: both are 0 where it is the prior."""

    embeddings: Tensor
    logits: Tensor
    mean: Tensor
    log_std: Tensor

    @property
    def delta(self) -> Tensor:
        """Offset distributions δ (B,M,S)."""
        return self.logits.softmax(-1, dtype=torch.promote_types(self.logits.dtype, torch.float32))


@dataclass(frozen=True)
class Observer:
    """LSTM_inf: its `layers` and `units`, `kernels` of the convolutions over time before it (odd; none: no convolutions).

    `temporal`: sine codes of a frame's time are in keys and values, and queries have the state of LSTM_key and the expected time
    too. Otherwise the last keyframe's embedding alone is the query.
    """

    layers: int
    units: int
    kernels: Sequence[int] = ()
    temporal: bool = False


class Inference(nn.Module):
    """LSTM_inf and key-value attention (equations 1 and 2): the posterior of z_t."""

    def __init__(self, *, embedding: int, units: int, latent: int, query: int, horizon: Horizon, observer: Observer) -> None:
        """
        Args:
            embedding: E.
            units: of the convolutions, and of what LSTM_inf says of a frame.
            latent: Z.
            query: size of a query; E unless `observer.temporal`.

        Raises:
            ValueError: the size of a kernel is even, which would move frames.
        """
        super().__init__()
        if any(kernel % 2 == 0 for kernel in observer.kernels):
            raise ValueError(f"kernels {tuple(observer.kernels)}: only odd sizes keep a frame in its place")
        self.horizon, self.temporal = horizon, observer.temporal
        layers: list[nn.Module] = []
        channels = embedding
        for kernel in observer.kernels:
            layers += [nn.Conv1d(channels, units, kernel, padding=kernel // 2), nn.SiLU()]
            channels = units
        self.convolutions = nn.Sequential(*layers)
        self.lstm = ProjectedLstm(channels, units, observer.layers, observer.units, bidirectional=True)
        code = TIME_CODE if self.temporal else 0
        self.key = nn.Linear(units + code, embedding)
        self.value = nn.Linear(units + code, 2 * latent)
        self.query = nn.Linear(query, embedding) if self.temporal else nn.Identity()
        self.scale = embedding**-0.5 if self.temporal else 1.0

    def read(self, sequence: Tensor) -> tuple[Tensor, Tensor]:
        """Observe a sequence (B,T+N,E): keys (B,N,E) and values (B,N,2Z) of the frames to predict."""
        features = self.convolutions(sequence.transpose(1, 2)).transpose(1, 2)
        outputs = self.lstm(features)[0][:, self.horizon.conditioning :]
        if self.temporal:
            times = torch.arange(1.0, self.horizon.predicted + 1, device=outputs.device)
            code = sine_code(times, TIME_CODE, self.horizon.predicted).expand(len(outputs), -1, -1)
            outputs = torch.cat([outputs, code], dim=-1)
        return self.key(outputs), self.value(outputs)

    def attend(self, query: Tensor, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Posterior mean and log σ of z_t, (B,Z) each (equations 1 and 2)."""
        scores = (keys @ self.query(query)[..., None])[..., 0] * self.scale
        attended = (scores.softmax(-1)[:, None] @ values)[:, 0]
        return gaussian(attended)


class Prior(nn.Module):
    """The distribution of z_t before a sequence is observed: N(0, I) as in the paper, or learned, a function of what LSTM_key
    knows (as in SVG-LP, Denton & Fergus 2018). A learned one is N(0, I) until it is trained."""

    def __init__(self, known: int, units: int, latent: int, learned: bool) -> None:
        """
        Args:
            known: size of what LSTM_key knows: the last keyframe, its state, the time.
            units: of the hidden layer.
            latent: Z.
        """
        super().__init__()
        self.latent = latent
        self.net: nn.Sequential | None = None
        if learned:
            last = nn.Linear(units, 2 * latent)
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
            self.net = nn.Sequential(nn.Linear(known, units), nn.SiLU(), last)

    def forward(self, known: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log σ of z_t, (B,Z) each."""
        if self.net is None:
            zeros = known.new_zeros(len(known), self.latent)
            return zeros, zeros
        return gaussian(self.net(known))


class OffsetHead(nn.Module):
    """Logits of δ^t (B,S): from LSTM_key's output (B,U), or the same for all sequences, learned or given."""

    def __init__(self, units: int, keyframes: int, max_offset: int, source: OffsetSource = "free") -> None:
        """
        Args:
            units: U.
            keyframes: M.
            max_offset: S.
            source: `free`: LSTM_key's output decides; `static`: one pattern is learned; a number: every offset is that one.

        Raises:
            ValueError: it is none of these, or the number is not among 1…S.
        """
        super().__init__()
        if source not in ("free", "static", *range(1, max_offset + 1)):
            raise ValueError(f"offsets {source}: neither free nor static nor a number of 1…{max_offset} frames")
        self.free = nn.Linear(units, max_offset) if source == "free" else None
        pattern = torch.zeros(keyframes, max_offset)
        if isinstance(source, int):
            pattern[:, source - 1] = CERTAIN
        self.pattern = nn.Parameter(pattern, requires_grad=not isinstance(source, int)) if self.free is None else None

    def forward(self, output: Tensor, t: int) -> Tensor:
        if self.free is not None:
            logits: Tensor = self.free(output)
            return logits
        assert self.pattern is not None
        return self.pattern[t].expand(len(output), -1)


class KeyframeModel(nn.Module):
    """LSTM_cond → LSTM_key, with the posterior of z from `Inference` or z given.

    Inside, embeddings are standardised by the training data's mean and deviation (`fit_scale`): a frozen encoder may use a small
    part of its space, and differences between frames would be lost beside what all frames share.
    """

    def __init__(
        self,
        *,
        embedding: int,
        layers: int,
        units: int,
        latent: int,
        horizon: Horizon,
        observer: Observer,
        offsets: OffsetSource = "free",
        learned_prior: bool = False,
    ) -> None:
        """
        Args:
            embedding: E.
            layers, units: of LSTM_cond and LSTM_key.
            latent: Z.
            observer: LSTM_inf.
            offsets: where offsets come from, see `OffsetHead`.
            learned_prior: see `Prior`.
        """
        super().__init__()
        self.horizon, self.latent = horizon, latent
        self.condition = ProjectedLstm(embedding, None, layers, units)
        self.time_code = TIME_CODE if observer.temporal else 0
        known = embedding + units + self.time_code
        query = known if observer.temporal else embedding
        self.inference = Inference(
            embedding=embedding, units=units, latent=latent, query=query, horizon=horizon, observer=observer
        )
        self.lstm = ProjectedLstm(embedding + latent + self.time_code, units, layers, units)
        self.embedding = nn.Linear(units, embedding)
        self.offset = OffsetHead(units, horizon.keyframes, horizon.max_offset, offsets)
        self.prior = Prior(known, units, latent, learned_prior)
        self.register_buffer("center", torch.zeros(embedding))
        self.register_buffer("scale", torch.ones(embedding))
        self.center: Tensor
        self.scale: Tensor

    def fit_scale(self, embeddings: Tensor) -> None:
        """Take mean and deviation of every dimension from training embeddings (…,E)."""
        flat = embeddings.flatten(0, -2)
        self.center.copy_(flat.mean(0))
        self.scale.copy_(flat.std(0).clamp_min(1e-3))

    def forward(
        self, sequence: Tensor, z: Tensor | None = None, noise: Tensor | None = None, times: Tensor | None = None
    ) -> Keyframes:
        """Predict M keyframes one after another.

        Args:
            sequence: embeddings (B,T+N,E) of a whole sequence, or (B,T,E) of the conditioning frames when z is given.
            z: latents (B,M,Z), counted from the prior's mean in the prior's σ; None takes them from the posterior.
            noise: standard normal (B,M,Z) to sample the posterior with; None takes its mean.
            times: true times (B,M) of the keyframes, when they are known (teacher forcing); None takes the expected ones.
        """
        sequence = (sequence - self.center) / self.scale
        conditioning = sequence[:, : self.horizon.conditioning]
        state = self.condition(conditioning)[1]
        memory = self.inference.read(sequence) if z is None else None
        keyframe, time = conditioning[:, -1], sequence.new_zeros(len(sequence))
        offsets = torch.arange(1.0, self.horizon.max_offset + 1, device=sequence.device)
        steps: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
        for t in range(self.horizon.keyframes):
            code = sine_code(time, self.time_code, self.horizon.predicted) if self.time_code else keyframe[:, :0]
            known = torch.cat([keyframe, state[0][-1], code], dim=-1)
            center, log_scale = self.prior(known)
            if memory is not None:
                mean, log_std = self.inference.attend(known if self.time_code else keyframe, *memory)
                latent = mean if noise is None else sampled(mean, log_std, noise[:, t])
                mean, log_std = (mean - center) * (-log_scale).exp(), log_std - log_scale
            else:
                assert z is not None
                latent = sampled(center, log_scale, z[:, t])
                mean, log_std = torch.zeros_like(latent), torch.zeros_like(latent)
            outputs, state = self.lstm(torch.cat([keyframe, latent, code], dim=-1)[:, None], state)
            keyframe, logits = self.embedding(outputs[:, 0]), self.offset(outputs[:, 0], t)
            # The code of the expected time is an input, not a path for the loss: its high frequencies would shake δ.
            time = times[:, t] if times is not None else time + (logits.detach().softmax(-1) * offsets).sum(-1)
            steps.append((self.center + self.scale * keyframe, logits, mean, log_std))
        return Keyframes(*(torch.stack(column, dim=1) for column in zip(*steps, strict=True)))
