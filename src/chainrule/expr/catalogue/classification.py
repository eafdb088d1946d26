"""Losses of a probability p, of a logit or margin z, and divergences of distributions.

The target y is 0 or 1 (or between them) beside a probability, and −1 or 1 in a margin y·z.
"""

from __future__ import annotations

from functools import partial

from chainrule.expr.catalogue.entry import Entry, Parameter

_loss = partial(Entry, kind="loss", letter="L")

_UNIT = (("p", "0..1"), ("y", "0..1"))
_LOGIT = (("y", "0..1"),)
_MARGIN = (("y", "-1, 1"),)
_FOCUS = (
    Parameter("alpha", "0.25", "0 <= alpha <= 1"),
    Parameter("gamma", "2", "gamma >= 0"),
)
_FOCUS_SAMPLE = (("y", "0, 1"), ("alpha", "0..1"), ("gamma", "1..3"))
# Between 0 and 1, frameworks mix the two classes' factors in ways of their own.

CLASSIFICATION_LOSSES: tuple[Entry, ...] = (
    # --- cross-entropies ---
    _loss(
        name="binary_cross_entropy",
        title="binary cross-entropy of a probability",
        formula="-y*ln(p) - (1 - y)*ln(1 - p)",
        arguments=("p", "y"),
        domain="0 < p < 1",
        aliases=("bce", "log_loss", "bce_loss"),
        apis=(
            "torch.nn.BCELoss",
            "torch.nn.functional.binary_cross_entropy(target=y)",
            "keras.losses.BinaryCrossentropy",
        ),
        source="I. J. Good, J. R. Stat. Soc. B 14 (1952)",
        sample=_UNIT,
    ),
    _loss(
        name="bce_with_logits",
        title="binary cross-entropy of a logit",
        formula="-y*ln(sigmoid(z)) - (1 - y)*ln(1 - sigmoid(z))",
        arguments=("z", "y"),
        aliases=("binary_cross_entropy_with_logits", "bce_logits", "sigmoid_cross_entropy"),
        apis=(
            "torch.nn.BCEWithLogitsLoss",
            "torch.nn.functional.binary_cross_entropy_with_logits(target=y)",
            "optax.losses.sigmoid_binary_cross_entropy",
        ),
        sample=_LOGIT,
    ),
    _loss(
        name="weighted_bce_with_logits",
        title="binary cross-entropy of a logit with weighted positives",
        formula="-w*y*ln(sigmoid(z)) - (1 - y)*ln(1 - sigmoid(z))",
        arguments=("z", "y"),
        parameters=(Parameter("w", "1", "w > 0"),),
        apis=(
            "torch.nn.BCEWithLogitsLoss",
            "torch.nn.functional.binary_cross_entropy_with_logits(target=y, pos_weight=w)",
        ),
        sample=(*_LOGIT, ("w", "0.5..3")),
    ),
    _loss(
        name="cross_entropy",
        title="cross-entropy, one term",
        formula="-y*ln(p)",
        arguments=("p", "y"),
        domain="p > 0",
        apis=("keras.losses.CategoricalCrossentropy",),
        sample=_UNIT,
    ),
    _loss(
        name="focal",
        title="focal loss of a probability",
        formula="-alpha*(1 - p)^gamma*y*ln(p) - (1 - alpha)*p^gamma*(1 - y)*ln(1 - p)",
        arguments=("p", "y"),
        parameters=_FOCUS,
        domain="0 < p < 1",
        aliases=("focal_loss",),
        apis=("keras.losses.BinaryFocalCrossentropy",),
        source="Lin et al., arXiv:1708.02002",
        sample=(("p", "0..1"), *_FOCUS_SAMPLE),
    ),
    _loss(
        name="focal_with_logits",
        title="focal loss of a logit",
        formula="-alpha*y*(1 - sigmoid(z))^gamma*ln(sigmoid(z))"
        " - (1 - alpha)*(1 - y)*sigmoid(z)^gamma*ln(1 - sigmoid(z))",
        arguments=("z", "y"),
        parameters=_FOCUS,
        aliases=("sigmoid_focal_loss",),
        apis=("optax.losses.sigmoid_focal_loss", "torchvision.ops.sigmoid_focal_loss"),
        source="Lin et al., arXiv:1708.02002",
        sample=_FOCUS_SAMPLE,
    ),
    _loss(
        name="poly_loss",
        title="poly-1 loss of the true class's probability",
        formula="-ln(p) + epsilon*(1 - p)",
        arguments=("p",),
        parameters=(Parameter("epsilon", "1"),),
        domain="p > 0",
        source="Leng et al., arXiv:2204.12511",
        sample=(("p", "0..1"), ("epsilon", "-1..2")),
    ),
    _loss(
        name="generalized_cross_entropy",
        title="generalised cross-entropy of the true class's probability",
        formula="(1 - p^q)/q",
        arguments=("p",),
        parameters=(Parameter("q", "0.7", "0 < q <= 1"),),
        domain="p > 0",
        aliases=("gce",),
        source="Zhang, Sabuncu, arXiv:1805.07836",
        sample=(("p", "0..1"), ("q", "0.2..1")),
    ),
    _loss(
        name="brier",
        title="Brier score of a logit",
        formula="(sigmoid(z) - y)^2",
        arguments=("z", "y"),
        source="G. W. Brier, Mon. Weather Rev. 78 (1950)",
        sample=_LOGIT,
    ),
    # --- of the margin y·z ---
    _loss(
        name="hinge",
        title="hinge loss",
        formula="max(0, 1 - y*z)",
        arguments=("z", "y"),
        kinks=("1/y",),
        aliases=("hinge_loss",),
        apis=("keras.losses.Hinge", "optax.losses.hinge_loss"),
        source="Cortes, Vapnik, Machine Learning 20 (1995)",
        sample=_MARGIN,
    ),
    _loss(
        name="squared_hinge",
        title="squared hinge loss",
        formula="max(0, 1 - y*z)^2",
        arguments=("z", "y"),
        kinks=("1/y",),
        apis=("keras.losses.SquaredHinge",),
        sample=_MARGIN,
    ),
    _loss(
        name="modified_huber",
        title="modified Huber loss",
        formula="{y*z >= -1: max(0, 1 - y*z)^2, else: -4*y*z}",
        arguments=("z", "y"),
        kinks=("-1/y", "1/y"),
        source="T. Zhang, ICML (2004)",
        sample=_MARGIN,
    ),
    _loss(
        name="softplus_hinge",
        title="softplus hinge loss",
        formula="ln(1 + e^(1 - y*z))",
        arguments=("z", "y"),
        aliases=("smooth_hinge",),
        sample=_MARGIN,
    ),
    _loss(
        name="soft_margin",
        title="logistic loss of a margin",
        formula="ln(1 + e^(-y*z))",
        arguments=("z", "y"),
        aliases=("logistic_loss", "soft_margin_loss"),
        apis=("torch.nn.SoftMarginLoss", "torch.nn.functional.soft_margin_loss(target=y)"),
        sample=_MARGIN,
    ),
    _loss(
        name="perceptron",
        title="perceptron loss",
        formula="max(0, -y*z)",
        arguments=("z", "y"),
        kinks=("0",),
        apis=("optax.losses.perceptron_loss",),
        source="F. Rosenblatt, Psychol. Rev. 65 (1958)",
        sample=_MARGIN,
    ),
    _loss(
        name="exponential_loss",
        title="exponential loss",
        formula="e^(-y*z)",
        arguments=("z", "y"),
        source="Freund, Schapire (AdaBoost), J. Comput. Syst. Sci. 55 (1997)",
        sample=_MARGIN,
    ),
    _loss(
        name="savage",
        title="Savage loss",
        formula="1/(1 + e^(y*z))^2",
        arguments=("z", "y"),
        source="Masnadi-Shirazi, Vasconcelos, NIPS (2008)",
        sample=_MARGIN,
    ),
    _loss(
        name="tangent_loss",
        title="tangent loss",
        formula="(2*atan(y*z) - 1)^2",
        arguments=("z", "y"),
        source="Masnadi-Shirazi, Mahadevan, Vasconcelos, CVPR (2010)",
        sample=_MARGIN,
    ),
    # --- of distances and pairs ---
    _loss(
        name="hinge_embedding",
        title="hinge embedding loss",
        formula="{y == 1: x, else: max(0, delta - x)}",
        arguments=("x", "y"),
        parameters=(Parameter("delta", "1", "delta > 0"),),
        kinks=("delta",),
        aliases=("hinge_embedding_loss",),
        apis=(
            "torch.nn.HingeEmbeddingLoss",
            "torch.nn.functional.hinge_embedding_loss(target=y, margin=delta)",
        ),
        sample=(*_MARGIN, ("delta", "0.5..2")),
    ),
    _loss(
        name="margin_ranking",
        title="margin ranking loss",
        formula="max(0, m - y*(x_1 - x_2))",
        arguments=("x_1", "x_2", "y"),
        parameters=(Parameter("m", "0"),),
        kinks=("x_2 + m/y",),
        aliases=("margin_ranking_loss",),
        apis=(
            "torch.nn.MarginRankingLoss",
            "torch.nn.functional.margin_ranking_loss(input2=x_2, target=y, margin=m)",
        ),
        sample=(*_MARGIN, ("m", "0..2")),
    ),
    _loss(
        name="dpo",
        title="direct preference loss of a log-ratio margin",
        formula="-ln(sigmoid(beta*x))",
        parameters=(Parameter("beta", "0.1", "beta > 0"),),
        source="Rafailov et al., arXiv:2305.18290",
        sample=(("beta", "0.1..1"),),
    ),
    # --- entropies and divergences ---
    _loss(
        name="kl_divergence",
        title="Kullback–Leibler divergence, one term",
        formula="y*ln(y/p)",
        arguments=("p", "y"),
        domain="p > 0",
        aliases=("rel_entr",),
        apis=(
            "keras.losses.KLDivergence",
            "optax.losses.kl_divergence",
            "scipy.special.rel_entr",
            "jax.scipy.special.rel_entr(p=y, q=p)",
        ),
        source="Kullback, Leibler, Ann. Math. Stat. 22 (1951)",
        sample=(("p", "0..1"), ("y", "0.05..1")),
    ),
    _loss(
        name="kl_div",
        title="Kullback–Leibler divergence from a log-probability, one term",
        formula="y*(ln(y) - x)",
        arguments=("x", "y"),
        aliases=("kl_div_loss",),
        apis=("torch.nn.KLDivLoss", "torch.nn.functional.kl_div(target=y)"),
        source="Kullback, Leibler, Ann. Math. Stat. 22 (1951)",
        sample=(("x", "-6..0"), ("y", "0.05..1")),
    ),
    _loss(
        name="jensen_shannon",
        title="Jensen–Shannon divergence, one term",
        formula="(p*ln(2*p/(p + y)) + y*ln(2*y/(p + y)))/2",
        arguments=("p", "y"),
        domain="p > 0",
        source="J. Lin, IEEE Trans. Inf. Theory 37 (1991)",
        sample=(("p", "0..1"), ("y", "0.05..1")),
    ),
    _loss(
        name="entropy",
        title="entropy, one term",
        formula="-p*ln(p)",
        arguments=("p",),
        domain="p > 0",
        aliases=("entr",),
        apis=("torch.special.entr", "jax.scipy.special.entr", "scipy.special.entr"),
        source="C. E. Shannon, Bell Syst. Tech. J. 27 (1948)",
        sample=(("p", "0..1"),),
    ),
    _loss(
        name="vae_kl",
        title="divergence of a normal distribution from the standard one, by log-variance",
        formula="(m^2 + e^v - v - 1)/2",
        arguments=("m", "v"),
        source="Kingma, Welling, arXiv:1312.6114",
    ),
)
