"""学情通报: frozen figures, prose written by people and checked against them, three hands, receipts."""
