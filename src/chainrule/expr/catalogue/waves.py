"""Bumps and waves: radial basis functions, wavelets, periodic activations."""

from __future__ import annotations

from chainrule.expr.catalogue.entry import Entry, Parameter

WAVES: tuple[Entry, ...] = (
    # --- bumps ---
    Entry(
        name="gaussian",
        title="Gaussian",
        formula="e^(-x^2)",
        source="Broomhead, Lowe, Complex Systems 2 (1988)",
    ),
    Entry(
        name="gaussian_rbf",
        title="Gaussian radial basis function",
        formula="e^(-(epsilon*x)^2)",
        parameters=(Parameter("epsilon", "1", "epsilon > 0"),),
        letter="varphi",
        source="Broomhead, Lowe, Complex Systems 2 (1988)",
        sample=(("epsilon", "0.3..1"),),
    ),
    Entry(
        name="multiquadric",
        title="multiquadric",
        formula="sqrt(x^2 + c^2)",
        parameters=(Parameter("c", "1", "c > 0"),),
        letter="varphi",
        source="R. L. Hardy, J. Geophys. Res. 76 (1971)",
        sample=(("c", "0.5..2"),),
    ),
    Entry(
        name="inverse_multiquadric",
        title="inverse multiquadric",
        formula="1/sqrt(x^2 + c^2)",
        parameters=(Parameter("c", "1", "c > 0"),),
        letter="varphi",
        source="R. L. Hardy, J. Geophys. Res. 76 (1971)",
        sample=(("c", "0.5..2"),),
    ),
    Entry(
        name="ricker",
        title="Ricker wavelet (Mexican hat)",
        formula="(1 - x^2)*e^(-x^2/2)",
        letter="psi",
        aliases=("mexican_hat",),
        source="N. Ricker, Geophysics 18 (1953)",
    ),
    Entry(
        name="tent",
        title="tent",
        formula="max(0, delta - |x|)",
        parameters=(Parameter("delta", "1", "delta > 0"),),
        kinks=("-delta", "0", "delta"),
        source="Rozsa, Boult, arXiv:1908.02435",
        sample=(("x", "-3..3"), ("delta", "0.5..2")),
    ),
    Entry(
        name="cauchy_activation",
        title="Cauchy activation",
        formula="(a*x + b)/(x^2 + d^2)",
        parameters=(Parameter("a", "1"), Parameter("b", "1"), Parameter("d", "1", "d > 0")),
        source="Li et al. (XNet), arXiv:2409.19221",
        sample=(("a", "-2..2"), ("b", "-2..2"), ("d", "0.5..2")),
    ),
    # --- waves ---
    Entry(
        name="siren",
        title="sinusoidal activation",
        formula="sin(omega*x)",
        parameters=(Parameter("omega", "30", "omega > 0"),),
        source="Sitzmann et al., arXiv:2006.09661",
        sample=(("omega", "1..30"),),
    ),
    Entry(
        name="snake",
        title="snake",
        formula="x + sin(alpha*x)^2/alpha",
        parameters=(Parameter("alpha", "1", "alpha > 0"),),
        letter="snake",
        source="Ziyin, Hartwig, Ueda, arXiv:2006.08195",
        sample=(("alpha", "0.5..3"),),
    ),
    Entry(
        name="snake_beta",
        title="snake with its own amplitude",
        formula="x + sin(alpha*x)^2/beta",
        parameters=(Parameter("alpha", "1", "alpha > 0"), Parameter("beta", "1", "beta > 0")),
        letter="snake",
        source="Lee et al. (BigVGAN), arXiv:2206.04658",
        sample=(("alpha", "0.5..3"), ("beta", "0.5..3")),
    ),
    Entry(
        name="growing_cosine",
        title="growing cosine unit",
        formula="x*cos(x)",
        letter="GCU",
        aliases=("gcu",),
        source="Noel et al., arXiv:2108.12943",
    ),
    Entry(
        name="cosid",
        title="cosine minus identity",
        formula="cos(x) - x",
        letter="cosid",
        source="Eger, Youssef, Gurevych, arXiv:1901.02671",
    ),
    Entry(
        name="sinc",
        title="cardinal sine",
        formula="sin(x)/x",
        domain="x != 0",
        letter="sinc",
        source="P. M. Woodward, Probability and Information Theory (1952)",
    ),
)
