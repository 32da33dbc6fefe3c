"""Drawings of a graph: text for a terminal, Mermaid for Markdown, SVG for a notebook."""

from spark_etl.drawing.diagram import Diagram, Node, as_text
from spark_etl.drawing.mermaid import as_mermaid
from spark_etl.drawing.run_diagram import run_diagram
from spark_etl.drawing.svg import as_html, as_svg

__all__ = ["Diagram", "Node", "as_html", "as_mermaid", "as_svg", "as_text", "run_diagram"]
