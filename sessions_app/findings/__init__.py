"""What was wrong, and made right: findings, measures, evidence, closing by somebody who took no other part."""
